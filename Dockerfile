# The product as one image. Web, worker, beat and migrate are the same image with the commands of
# the Procfile (docker-compose.yml). Built in two stages: what builds is not shipped.

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

FROM python:3.11-slim-bookworm
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
