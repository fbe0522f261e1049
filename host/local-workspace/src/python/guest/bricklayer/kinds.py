"""pyspark.sql.types: types as objects, each of which says how SQL spells it."""


class DataType:
    _spelled = None

    def simpleString(self):
        return self._spelled

    def __eq__(self, other):
        return isinstance(other, DataType) and self.simpleString() == other.simpleString()

    def __hash__(self):
        return hash(self.simpleString())

    def __repr__(self):
        return f"{type(self).__name__}()"


def _plain(name, spelled):
    return type(name, (DataType,), {"_spelled": spelled})


_PLAIN = {name: _plain(name, spelled) for name, spelled in (
    ("StringType", "string"), ("BooleanType", "boolean"), ("ByteType", "tinyint"), ("ShortType", "smallint"),
    ("IntegerType", "int"), ("LongType", "bigint"), ("FloatType", "float"), ("DoubleType", "double"),
    ("DateType", "date"), ("TimestampType", "timestamp"), ("TimestampNTZType", "timestamp_ntz"), ("BinaryType", "binary"))}


class DecimalType(DataType):
    def __init__(self, precision=10, scale=0):
        self.precision, self.scale = precision, scale

    def simpleString(self):
        return f"decimal({self.precision},{self.scale})"


class ArrayType(DataType):
    def __init__(self, elementType, containsNull=True):
        self.elementType, self.containsNull = elementType, containsNull

    def simpleString(self):
        return f"array<{self.elementType.simpleString()}>"


class MapType(DataType):
    def __init__(self, keyType, valueType, valueContainsNull=True):
        self.keyType, self.valueType, self.valueContainsNull = keyType, valueType, valueContainsNull

    def simpleString(self):
        return f"map<{self.keyType.simpleString()},{self.valueType.simpleString()}>"


class StructField(DataType):
    def __init__(self, name, dataType, nullable=True, metadata=None):
        self.name, self.dataType, self.nullable, self.metadata = name, dataType, nullable, metadata or {}

    def simpleString(self):
        return f"{self.name}:{self.dataType.simpleString()}"


class StructType(DataType):
    def __init__(self, fields=None):
        self.fields = list(fields or [])

    def add(self, field, data_type=None, nullable=True, metadata=None):
        named = field if isinstance(field, StructField) else StructField(field, data_type, nullable, metadata)
        self.fields.append(named)
        return self

    def fieldNames(self):
        return [field.name for field in self.fields]

    @property
    def names(self):
        return self.fieldNames()

    def __iter__(self):
        return iter(self.fields)

    def __len__(self):
        return len(self.fields)

    def simpleString(self):
        return f"struct<{','.join(field.simpleString() for field in self.fields)}>"


def of_tree(kind):
    """The type that a tree (name, arguments) means."""
    name, inner = kind
    if name == "DECIMAL":
        return DecimalType(*inner)
    if name == "ARRAY":
        return ArrayType(of_tree(inner[0]))
    if name == "MAP":
        return MapType(*map(of_tree, inner))
    if name == "STRUCT":
        return StructType([StructField(field, of_tree(part)) for field, part in inner])
    return next((made() for made in _PLAIN.values() if made._spelled == name.lower()), _PLAIN["StringType"]())


def members():
    """The members of pyspark.sql.types."""
    return {**_PLAIN, "DataType": DataType, "DecimalType": DecimalType, "ArrayType": ArrayType, "MapType": MapType,
            "StructField": StructField, "StructType": StructType}
