# A classroom image: docker build -t kgwb .    then, alone: docker run --rm -p 8888:8888 kgwb jupyter lab --ip=0.0.0.0
# As the image of a JupyterHub it needs no more than its name: the hub starts jupyterhub-singleuser, the default here.
# Nothing in it asks the network afterwards; the offline BERT, the sample graphs and the notebooks are inside.
FROM python:3.11-slim-bookworm

# Where packages come from, if not from the usual place; without CUDA torch is a tenth of the size:
# docker build --build-arg PIP_EXTRA_INDEX_URL=... -t kgwb .
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL

# make installs as on any machine; Chinese labels need a font.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 learner

# The lock and torch first: a change of the package alone does not install them again.
WORKDIR /opt/kgwb
COPY Makefile pyproject.toml requirements.txt requirements.lock README.md LICENSE ./
RUN make .venv/stamps/requirements \
    && .venv/bin/pip install --no-cache-dir jupyterhub==6.1.1 \
    && rm -rf /root/.cache

COPY kgwb kgwb
COPY sample_graphs sample_graphs
COPY notebooks notebooks
RUN make install && .venv/bin/python -m kgwb doctor

# Each learner works on a copy of the notebooks, which lies in their home and is made at the first start only.
ENV PATH=/opt/kgwb/.venv/bin:$PATH HF_HUB_OFFLINE=1 OMP_WAIT_POLICY=PASSIVE
USER learner
WORKDIR /home/learner
ENTRYPOINT ["sh", "-c", "[ -e notebooks ] || cp -r /opt/kgwb/notebooks . ; exec \"$@\"", "start"]
CMD ["jupyterhub-singleuser", "--ip=0.0.0.0"]
EXPOSE 8888
