# energydash in a container, without pyiso (AGPL): the grid of its few regions is the one thing less.
# How to run it: docs/installing.md, or `docker compose up` with compose.yaml.
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml setup.py requirements.in README.md LICENSE app.py ./
COPY .streamlit/config.toml .streamlit/
COPY pages pages
COPY energydash energydash
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.13-slim
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --requirement /tmp/requirements.txt
COPY --from=build /wheel /tmp/wheel
RUN pip install --no-cache-dir --no-deps /tmp/wheel/*.whl \
    && useradd --system --home-dir /data energydash \
    && install --directory --owner energydash --mode 0700 /data
ENV ENERGYDASH_HOME=/data HOME=/data PYTHONUNBUFFERED=1
USER energydash
WORKDIR /data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health')"]
ENTRYPOINT ["energydash"]
CMD ["serve"]
