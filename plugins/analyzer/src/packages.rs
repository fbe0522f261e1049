//! What modules are installed as, and what need not be installed.
//!
//! Sources: `sys.stdlib_module_names` of CPython 3.12; the library lists in the release notes of Databricks Runtime 15.4
//! LTS and of its ML variant; import names from the packages' own metadata.

use crate::analysis::ImportKind;

/// Modules of Python's standard library, in order.
const STANDARD: &str = "\
__future__ _thread abc aifc antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii \
bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall \
concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal \
difflib dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions \
ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib \
imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap \
marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers \
opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix \
posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib \
resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket \
socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess \
sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time timeit \
tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib \
uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib \
zoneinfo";

/// Modules that every runtime brings, with what they are installed as where that is another name; `-` is no package.
const RUNTIME: &str = "\
IPython:ipython azure:- boto3 botocore cachetools certifi cffi charset_normalizer click cloudpickle cryptography cycler \
dateutil:python-dateutil databricks:- dbruntime:- dbutils:- delta:delta-spark distlib dlt:- docstring_to_markdown \
entrypoints executing facets:facets-overview filelock fsspec google:- grpc:grpcio idna importlib_metadata ipykernel \
ipywidgets jedi jmespath joblib jwt:PyJWT kiwisolver matplotlib mlflow:mlflow-skinny more_itertools mypy_extensions \
nest_asyncio numpy oauthlib packaging pandas patsy pexpect PIL:Pillow pip platformdirs plotly prompt_toolkit psutil \
psycopg2 py4j pyarrow pyccolo pydantic pygments:Pygments pyodbc pyparsing pyspark pytz regex requests scipy seaborn \
setuptools simplejson six sklearn:scikit-learn sqlparse statsmodels tenacity threadpoolctl tornado tqdm traitlets \
typing_extensions urllib3 virtualenv wheel yaml:PyYAML zmq:pyzmq";

/// Modules that the runtime for machine learning brings beside those.
const ML_RUNTIME: &str = "\
accelerate bitsandbytes catboost cv2:opencv-python datasets deepspeed evaluate gensim hyperopt horovod keras langchain \
lightgbm lightning llama_index:llama-index nltk onnx onnxruntime optuna petastorm prophet pytorch_lightning ray \
safetensors sentence_transformers:sentence-transformers sentencepiece shap spacy sparkdl tensorboard tensorflow \
tensorflow_hub tiktoken tokenizers torch torchaudio torchmetrics torchvision transformers xgboost";

/// Modules that are installed under another name.
const OTHER_NAMES: &str = "\
Bio:biopython Crypto:pycryptodome OpenSSL:pyOpenSSL attr:attrs bs4:beautifulsoup4 confluent_kafka:confluent-kafka \
dotenv:python-dotenv docx:python-docx faiss:faiss-cpu feedparser fitz:PyMuPDF git:GitPython graphframes \
great_expectations imblearn:imbalanced-learn jose:python-jose kafka:kafka-python ldap:python-ldap magic:python-magic \
markdown:Markdown mysql:mysql-connector-python nacl:PyNaCl openai pinecone:pinecone-client pptx:python-pptx \
pymssql pymysql:PyMySQL pyhive:PyHive rapidfuzz sentry_sdk:sentry-sdk serial:pyserial skimage:scikit-image \
slack_sdk:slack-sdk slugify:python-slugify snowflake:snowflake-connector-python socks:PySocks telegram:python-telegram-bot \
umap:umap-learn usaddress websocket:websocket-client win32com:pywin32 wx:wxPython xlrd zeep";

/// Parts of the names above that are packages of their own.
const PARTS: [(&str, ImportKind, &str); 14] = [
    ("azure.eventhub", ImportKind::Package, "azure-eventhub"),
    ("azure.identity", ImportKind::Package, "azure-identity"),
    ("azure.keyvault.secrets", ImportKind::Package, "azure-keyvault-secrets"),
    ("azure.storage.blob", ImportKind::Package, "azure-storage-blob"),
    ("databricks.connect", ImportKind::Runtime, "databricks-connect"),
    ("databricks.feature_engineering", ImportKind::MlRuntime, "databricks-feature-engineering"),
    ("databricks.feature_store", ImportKind::MlRuntime, "databricks-feature-engineering"),
    ("databricks.labs", ImportKind::Package, "databricks-labs"),
    ("databricks.sdk", ImportKind::Runtime, "databricks-sdk"),
    ("databricks.vector_search", ImportKind::Package, "databricks-vectorsearch"),
    ("google.cloud.bigquery", ImportKind::Package, "google-cloud-bigquery"),
    ("google.cloud.storage", ImportKind::Package, "google-cloud-storage"),
    ("databricks.automl", ImportKind::MlRuntime, "databricks-automl-runtime"),
    ("databricks.agents", ImportKind::Package, "databricks-agents"),
];

/// Packages that only make sense with a GPU.
const GPU: [&str; 8] = ["cudf", "cuml", "cupy", "deepspeed", "flash_attn", "horovod", "pynvml", "vllm"];

/// Where a module of Python comes from, and what it is installed as.
pub(crate) fn python(module: &str) -> (ImportKind, Option<String>) {
    let top = module.split('.').next().unwrap_or(module);
    let part = PARTS
        .iter()
        .find(|(part, ..)| module.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
    if let Some((_, kind, package)) = part {
        return (*kind, Some((*package).to_owned()));
    }
    if STANDARD.split(' ').any(|name| name == top) {
        return (ImportKind::StandardLibrary, None);
    }
    let tables =
        [(RUNTIME, ImportKind::Runtime), (ML_RUNTIME, ImportKind::MlRuntime), (OTHER_NAMES, ImportKind::Package)];
    for (table, kind) in tables {
        for entry in table.split(' ') {
            let (name, package) = entry.split_once(':').unwrap_or((entry, entry));
            if name == top {
                return (kind, Some(package.to_owned()).filter(|package| package != "-"));
            }
        }
    }
    (ImportKind::Package, Some(top.to_owned()))
}

/// Whether a module needs a GPU.
pub(crate) fn needs_gpu(module: &str) -> bool {
    GPU.contains(&module.split('.').next().unwrap_or(module))
}

/// Where a package of Scala or Java comes from.
pub(crate) fn jvm(module: &str) -> ImportKind {
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| module.starts_with(prefix));
    if is(&["scala.", "java.", "javax."]) {
        ImportKind::StandardLibrary
    } else if is(&[
        "org.apache.spark",
        "org.apache.hadoop",
        "io.delta",
        "com.databricks",
        "spark.",
        "dbutils",
        "sqlContext.",
    ]) {
        ImportKind::Runtime
    } else {
        ImportKind::Package
    }
}

/// Packages of R that come with it or with every runtime.
const R_BASE: [&str; 9] =
    ["base", "datasets", "grDevices", "graphics", "methods", "parallel", "stats", "tools", "utils"];
const R_RUNTIME: [&str; 22] = [
    "SparkR",
    "broom",
    "caret",
    "data.table",
    "devtools",
    "dplyr",
    "forecast",
    "ggplot2",
    "glmnet",
    "httr",
    "jsonlite",
    "lubridate",
    "magrittr",
    "purrr",
    "randomForest",
    "readr",
    "sparklyr",
    "stringr",
    "tibble",
    "tidyr",
    "tidyverse",
    "xml2",
];

/// Where a package of R comes from.
pub(crate) fn r(package: &str) -> ImportKind {
    if R_BASE.contains(&package) {
        ImportKind::StandardLibrary
    } else if R_RUNTIME.contains(&package) {
        ImportKind::Runtime
    } else {
        ImportKind::Package
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_under_the_names_they_are_installed_as() {
        for (module, kind, package) in [
            ("os.path", ImportKind::StandardLibrary, None),
            ("sklearn.ensemble", ImportKind::Runtime, Some("scikit-learn")),
            ("cv2", ImportKind::MlRuntime, Some("opencv-python")),
            ("yaml", ImportKind::Runtime, Some("PyYAML")),
            ("PIL.Image", ImportKind::Runtime, Some("Pillow")),
            ("bs4", ImportKind::Package, Some("beautifulsoup4")),
            ("dlt", ImportKind::Runtime, None),
            ("databricks.sdk", ImportKind::Runtime, Some("databricks-sdk")),
            ("great_expectations.core", ImportKind::Package, Some("great_expectations")),
            ("unheard_of", ImportKind::Package, Some("unheard_of")),
        ] {
            assert_eq!(python(module), (kind, package.map(str::to_owned)), "{module}");
        }
    }
}
