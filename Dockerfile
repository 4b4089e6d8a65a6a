# The product as one image. Web, worker, beat and migrate are the same image with the commands of
# the Procfile (docker-compose.yml). What builds is not shipped.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
WORKDIR /app
COPY . .
# No key is needed to collect static files, and none is in the image.
RUN PRODUCTION=on VAR_DIR=/tmp/var /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q /app

# Backups and their restore drill need PostgreSQL 18 itself beside the code: its own image, the same
# Debian as Python's.
FROM postgres:18-bookworm AS backup
COPY --from=build /usr/local /usr/local
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends libffi8 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/* && ldconfig \
    && install -d -m 0700 -o postgres -g postgres /var/backups/ektp
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PRODUCTION=on
USER postgres
ENTRYPOINT []

FROM python:3.11-slim-bookworm AS app
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin ektp \
    && install -d -o ektp -g ektp /var/lib/ektp
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PRODUCTION=on \
    VAR_DIR=/var/lib/ektp \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000
USER ektp
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "ektp_booking.wsgi:application"]
