# One image a service: docker build --target ingest|recommend|nudge. `make images` builds all three.
#
# recommend needs the embedding model, which `make images` exports once, outside: dist/models/SHA256 (of its graph),
# named by the argument MODEL. So no image has torch, and none is built again for an unchanged model.
ARG PYTHON=python:3.11-slim-bookworm

# What all services need, at the versions of constraints.txt, in an environment without pip. Of Babel only the languages
# that there are words in are kept: all of them are 30 MB. Of Pygments, which colours a stack, only Python; of the page
# that describes the doors only what it loads; of FastStream the brokers that are spoken to; of Google's protocols none,
# which come with those of traces.
FROM ${PYTHON} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/kindling"]
COPY deploy/requirements.py pyproject.toml constraints.txt ./
RUN python requirements.py > base.txt \
 && pip --python /opt/kindling/bin/python install --no-compile -c constraints.txt -r base.txt \
 && find /opt/kindling/lib -path '*/babel/locale-data/*.dat' ! -name root.dat ! -name en.dat ! -name de.dat -delete \
 && find /opt/kindling/lib -path '*/pygments/lexers/*.py' ! -name '_*' ! -name python.py ! -name special.py -delete \
 && find /opt/kindling/lib -path '*/fastapi_offline/static/redoc*' -delete \
 && find /opt/kindling/lib -regex '.*/faststream/\(confluent\|mqtt\|nats\|rabbit\)' -prune -exec rm -rf {} + \
 && find /opt/kindling/lib -path '*/google/*' -regex '.*/\(api\|cloud\|gapic\|logging\|longrunning\|rpc\|type\)' -prune \
      -exec rm -rf {} +

FROM packages AS packages-recommend
RUN python requirements.py recommend > recommend.txt \
 && pip --python /opt/kindling/bin/python install --no-compile -c constraints.txt -r recommend.txt \
 && find /opt/kindling/lib -type d -name tests -prune -exec rm -rf {} +

# The project itself, as a wheel: code that changes installs no package again.
FROM packages AS wheel
COPY README.md LICENSE ./
COPY shared shared
COPY services services
COPY kindling kindling
RUN PIP_CONSTRAINT=constraints.txt pip wheel --no-deps --wheel-dir /wheel .

# Compiled is what the services load, once here: the rest would be a sixth of the image. The embedded server stays out,
# with its client: these two always have a Redis of their own.
FROM packages AS installed
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/kindling/bin/python install --no-compile --no-deps /wheel/*.whl \
 && rm -rf /opt/kindling/lib/python3*/site-packages/valkey* \
 && /opt/kindling/bin/python -c "import kindling.main, services.ingest.app, services.nudge.app, shared.kafka_log, shared.redis_log, shared.trace_sending"

FROM packages-recommend AS installed-recommend
COPY --from=wheel /wheel /wheel
RUN pip --python /opt/kindling/bin/python install --no-compile --no-deps /wheel/*.whl \
 && /opt/kindling/bin/python -c "import kindling.main, services.recommend.app, kindling.retrain, shared.kafka_log, shared.redis_log, shared.trace_sending"

# What runs: nobody's user, nothing to write to but the data directory, no compiler.
FROM ${PYTHON} AS running
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin kindling \
 && install -d -o kindling -g kindling /data
ENV PATH=/opt/kindling/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TERM=dumb \
    KINDLING_HOST=0.0.0.0 KINDLING_DATA_DIR=/data
COPY deploy/healthy.py /usr/local/lib/healthy.py
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["kindling"]
LABEL org.opencontainers.image.title="Kindling" \
      org.opencontainers.image.description="The right prompt, to the right person, at the right time, for learning communities." \
      org.opencontainers.image.licenses="Apache-2.0"

FROM running AS ingest
COPY --from=installed /opt/kindling /opt/kindling
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-IS", "/usr/local/lib/healthy.py", "8081"]
CMD ["run", "ingest"]
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=${REVISION} org.opencontainers.image.ref.name="kindling-ingest"

FROM running AS nudge
COPY --from=installed /opt/kindling /opt/kindling
EXPOSE 8083
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-IS", "/usr/local/lib/healthy.py", "8083"]
CMD ["run", "nudge"]
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=${REVISION} org.opencontainers.image.ref.name="kindling-nudge"

FROM running AS recommend
ARG MODEL
COPY dist/models/${MODEL} /opt/models
COPY --from=installed-recommend /opt/kindling /opt/kindling
RUN test "$(sha256sum < "$(echo /opt/models/*/model.onnx)")" = "${MODEL}  -"
ENV KINDLING_RECOMMEND__CACHE_DIR=/opt/models
EXPOSE 8082
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-IS", "/usr/local/lib/healthy.py", "8082"]
CMD ["run", "recommend"]
ARG REVISION=unknown
LABEL org.opencontainers.image.revision=${REVISION} org.opencontainers.image.ref.name="kindling-recommend"
LABEL org.kindling.model=${MODEL}
