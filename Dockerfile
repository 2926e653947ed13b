# The service with its weights in it. One file makes both images:
#
#   docker build --tag pleura:cpu .                           OpenVINO on a CPU, without PyTorch
#   docker build --tag pleura:cuda --build-arg VARIANT=cuda . PyTorch with CUDA; also trains and exports
#
# Any builder can read it. Where BuildKit is, `make docker` turns each line "# cache: FOLDER" into a cache mount of the RUN below it.
# BASE_IMAGE is any glibc Linux with Python 3.11 or newer and its venv module; pin it with a digest: python:3.12-slim@sha256:...

ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
ARG VARIANT=cpu
# pip stays in an environment of its own, so that the one which is shipped has none.
RUN python3 -m venv /opt/tools && python3 -m venv --without-pip /opt/pleura
WORKDIR /srv/pleura
COPY requirements-${VARIANT}.txt ./
# cache: /root/.cache/pip
RUN /opt/tools/bin/pip --python /opt/pleura/bin/python install --quiet \
        --require-hashes --only-binary :all: --requirement requirements-${VARIANT}.txt

# setuptools makes the command `pleura`, in the version that requirements.txt has locked. PyTorch keeps it; a CPU does without both,
# and without OpenVINO's parts for Intel GPUs and NPUs and the packages' own tests, 120 MB of them. Neither has the package that reports
# the use of OpenVINO.
COPY . ./
# cache: /root/.cache/pip
RUN pip="/opt/tools/bin/pip --python /opt/pleura/bin/python" \
    && sed -n '/^setuptools==/,/[^\\]$/p' requirements.txt > setuptools.txt \
    && $pip install --quiet --require-hashes --requirement setuptools.txt \
    && $pip install --quiet --no-deps --no-build-isolation --editable . \
    && if [ "${VARIANT}" = cpu ]; then \
        $pip uninstall --quiet --yes setuptools \
        && rm -r training \
        && find /opt/pleura/lib -path '*/openvino/libs/*' \( -name '*_gpu_plugin.so' -o -name '*_npu_plugin.so' -o -name cache.json \) -delete \
        && find /opt/pleura/lib -type d -name tests -prune -exec rm -r {} +; \
    fi \
    && $pip uninstall --quiet --yes openvino-telemetry \
    && rm -rf setuptools.txt requirements*.txt pleura.egg-info build \
    && /opt/pleura/bin/python -m compileall -q . \
    && chmod -R a+rX,go-w .

FROM ${BASE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Pleura" \
      org.opencontainers.image.description="Segments the lungs in chest X-rays: an HTTP service and a command line" \
      org.opencontainers.image.licenses="Apache-2.0 AND CC-BY-4.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/pleura /opt/pleura
COPY --from=build /srv/pleura /srv/pleura
# All that is ever written goes to /tmp: mount a tmpfs there and the root can be read-only.
ENV PATH=/opt/pleura/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RAY_USAGE_STATS_ENABLED=0 \
    HOME=/tmp \
    PLEURA_HOST=0.0.0.0
WORKDIR /srv/pleura
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["pleura", "health"]
ENTRYPOINT ["pleura"]
CMD ["serve"]
