# The site's processes; which one is the command's to say. docker-compose.yml runs them all.

FROM python:3.13-slim-trixie AS build
RUN python -m venv /opt/venv
COPY requirements.txt .
# Wheels alone: what a source package would ask for while it is built is in no lock file.
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r requirements.txt

FROM python:3.13-slim-trixie
# For backups: pg_dump and psql of the same version as the database in docker-compose.yml.
RUN apt-get update -q && apt-get install -q -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*
# A fixed number, so that the files in a volume stay this user's in every later image.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bookshelf \
    && install --directory --owner bookshelf --group bookshelf --mode 0700 \
        /var/lib/bookshelf /var/lib/bookshelf/media
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
# .dockerignore lets through what the site is made of, and nothing else.
COPY . .
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/var/lib/bookshelf
USER 10001:10001
EXPOSE 8000
# The larger backlog as in bookshelf/processes.py, where the reason stands.
CMD ["daphne", "-v", "0", "-e", "tcp:port=8000:interface=0.0.0.0:backlog=4096", "--websocket_connect_timeout", "60", "--no-server-name", "bookshelf.asgi:application"]
