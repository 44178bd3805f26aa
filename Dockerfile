# The one image of Podiatrist: operator, executor and the command line. `make image` builds it.
#
# Python and kubectl come as arguments, so that a registry's mirror, a digest, or the stand-ins of
# the tests can take their place. Everything of Python's is pinned by hash in the lock files.
ARG PYTHON=docker.io/library/python:3.13-slim-trixie
ARG KUBECTL=registry.k8s.io/kubectl:v1.37.2

FROM ${KUBECTL} AS kubectl

FROM ${PYTHON} AS build
WORKDIR /build
COPY requirements.lock requirements-image.lock ./
# Two environments: what runs, without pip or a compiler, and what builds and lists it.
RUN python3 -m venv --without-pip /opt/podiatrist \
 && python3 -m venv /build/tools \
 && /build/tools/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: \
      -r requirements-image.lock \
 && /build/tools/bin/python -m pip --python /opt/podiatrist/bin/python install --no-cache-dir \
      --require-hashes --only-binary :all: --no-compile -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
# what `podiatrist doctor` compares a cluster with
COPY deploy deploy
# The list of parts (SBOM, CycloneDX) is made of what was installed, not of what was asked for.
# Bytecode is made here, since nothing can be written where it runs: with hashes instead of times,
# so that equal sources make equal files.
RUN /build/tools/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation -w dist . \
 && /build/tools/bin/python -m pip --python /opt/podiatrist/bin/python install --no-cache-dir \
      --no-deps --no-compile dist/*.whl \
 && /build/tools/bin/cyclonedx-py environment --output-reproducible --of JSON \
      -o /opt/podiatrist/sbom.cdx.json /opt/podiatrist/bin/python \
 && find /opt/podiatrist -name direct_url.json -delete \
 && /opt/podiatrist/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      /opt/podiatrist/lib \
 && find /opt/podiatrist -exec touch -h -d @0 {} +

FROM ${PYTHON}
COPY --from=kubectl /bin/kubectl /usr/local/bin/kubectl
COPY --from=build /opt/podiatrist /opt/podiatrist
ENV PATH=/opt/podiatrist/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    LOGNAME=podiatrist \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Any user will do (some clusters choose one by chance): none needs an entry in /etc/passwd.
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["podiatrist"]
LABEL org.opencontainers.image.title="Podiatrist" \
      org.opencontainers.image.description="A doctor for pods" \
      org.opencontainers.image.licenses="Apache-2.0"
