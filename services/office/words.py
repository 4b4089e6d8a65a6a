"""What codes, states and channels are called on the pages of the office."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

GROUPS: dict[str, Words] = {
    "delivered": _("Sampai"),
    "sent": _("Terkirim"),
    "waiting": _("Menunggu"),
    "failed": _("Gagal"),
    "expired": _("Kedaluwarsa"),
    "withdrawn": _("Ditarik kembali"),
}

CHANNELS: dict[str, Words] = {
    "": _("belum ditentukan"),
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "email": _("surel"),
    "telegram": "Telegram",
}

# Codes of notifications/gateways, notifications/delivery.py and notifications/outbox.py.
CODES: dict[str, Words] = {
    "no_channel": _("tidak ada ponsel atau surel"),
    "opted_out": _("tidak mau lewat saluran yang ada"),
    "all_failed": _("semua saluran gagal"),
    "gave_up": _("terlalu sering dicoba"),
    "moot": _("tidak berlaku lagi"),
    "not_described": _("isi tidak dapat disusun"),
    "address_invalid": _("alamat tidak sah"),
    "undelivered": _("gateway melaporkan tidak sampai"),
    "no_receipt": _("tidak ada tanda terima"),
    "unreachable": _("gateway tidak dapat dihubungi"),
    "smtp_unreachable": _("server surel tidak dapat dihubungi"),
    "smtp_unknown": _("koneksi surel putus sebelum jawaban"),
    "address_refused": _("alamat gateway tidak diizinkan"),
    "address_refused_by_provider": _("penyedia menolak alamat ini"),
    "answer_unclear": _("jawaban gateway tidak dimengerti"),
    "gateway_error": _("kesalahan di pihak kami"),
    "name_unknown": _("nama server gateway tidak dikenal"),
    "no_answer": _("koneksi putus sebelum jawaban"),
    "no_template": _("templat WhatsApp belum disetujui"),
    "provider_settings": _("pengaturan penyedia salah"),
    "quiet_hours": _("jam tenang tidak menyisakan waktu"),
    "sender_lost": _("pengirim terhenti"),
    "tls_failed": _("koneksi aman gagal"),
    "too_late": _("terlambat untuk kunjungannya"),
    "too_long": _("terlalu panjang"),
    "url_refused": _("alamat gateway salah"),
    "value_empty": _("ada isian yang kosong"),
    "by_staff": _("dijeda petugas"),
}


def of_channel(channel: str) -> Words:
    return CHANNELS.get(channel, channel)


def of_code(code: str) -> Words:
    """A code in words; one that is not known here shows itself."""
    if code in CODES:
        return CODES[code]
    name, _sign, number = code.rpartition("_")
    if number.isdigit() and name in ANSWERS:
        return f"{ANSWERS[name]} {number}"
    return code


ANSWERS: dict[str, Words] = {
    "smtp": _("server surel menjawab"),
    "http": _("gateway menjawab"),
    "whatsapp": _("WhatsApp menjawab"),
    "telegram": _("Telegram menjawab"),
}
