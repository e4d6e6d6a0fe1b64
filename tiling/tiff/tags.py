"""The TIFF numbers this wing uses (TIFF 6.0, BigTIFF, TIFF technical note 2)."""

from enum import IntEnum

NEW_SUBFILE_TYPE = 254
IMAGE_WIDTH = 256
IMAGE_LENGTH = 257
BITS_PER_SAMPLE = 258
COMPRESSION = 259
PHOTOMETRIC = 262
FILL_ORDER = 266
IMAGE_DESCRIPTION = 270
STRIP_OFFSETS = 273
ORIENTATION = 274
SAMPLES_PER_PIXEL = 277
ROWS_PER_STRIP = 278
STRIP_BYTE_COUNTS = 279
X_RESOLUTION = 282
Y_RESOLUTION = 283
PLANAR_CONFIGURATION = 284
RESOLUTION_UNIT = 296
SOFTWARE = 305
PREDICTOR = 317
COLOR_MAP = 320
TILE_WIDTH = 322
TILE_LENGTH = 323
TILE_OFFSETS = 324
TILE_BYTE_COUNTS = 325
SUB_IFDS = 330
EXTRA_SAMPLES = 338
SAMPLE_FORMAT = 339
JPEG_TABLES = 347
YCBCR_SUBSAMPLING = 530
YCBCR_POSITIONING = 531
REFERENCE_BLACK_WHITE = 532
XMP = 700
IMAGE_DEPTH = 32997
EXIF_IFD = 34665
ICC_PROFILE = 34675
GPS_IFD = 34853
INTEROPERABILITY_IFD = 40965

NAMES = {
    NEW_SUBFILE_TYPE: "NewSubfileType",
    IMAGE_WIDTH: "ImageWidth",
    IMAGE_LENGTH: "ImageLength",
    BITS_PER_SAMPLE: "BitsPerSample",
    COMPRESSION: "Compression",
    PHOTOMETRIC: "PhotometricInterpretation",
    FILL_ORDER: "FillOrder",
    269: "DocumentName",
    IMAGE_DESCRIPTION: "ImageDescription",
    271: "Make",
    272: "Model",
    STRIP_OFFSETS: "StripOffsets",
    ORIENTATION: "Orientation",
    SAMPLES_PER_PIXEL: "SamplesPerPixel",
    ROWS_PER_STRIP: "RowsPerStrip",
    STRIP_BYTE_COUNTS: "StripByteCounts",
    X_RESOLUTION: "XResolution",
    Y_RESOLUTION: "YResolution",
    PLANAR_CONFIGURATION: "PlanarConfiguration",
    285: "PageName",
    RESOLUTION_UNIT: "ResolutionUnit",
    SOFTWARE: "Software",
    306: "DateTime",
    315: "Artist",
    316: "HostComputer",
    PREDICTOR: "Predictor",
    COLOR_MAP: "ColorMap",
    TILE_WIDTH: "TileWidth",
    TILE_LENGTH: "TileLength",
    TILE_OFFSETS: "TileOffsets",
    TILE_BYTE_COUNTS: "TileByteCounts",
    SUB_IFDS: "SubIFDs",
    EXTRA_SAMPLES: "ExtraSamples",
    SAMPLE_FORMAT: "SampleFormat",
    JPEG_TABLES: "JPEGTables",
    YCBCR_SUBSAMPLING: "YCbCrSubSampling",
    YCBCR_POSITIONING: "YCbCrPositioning",
    REFERENCE_BLACK_WHITE: "ReferenceBlackWhite",
    XMP: "XMP",
    IMAGE_DEPTH: "ImageDepth",
    33432: "Copyright",
    33723: "IPTC",
    34377: "Photoshop",
    EXIF_IFD: "Exif",
    ICC_PROFILE: "ICCProfile",
    GPS_IFD: "GPS",
    INTEROPERABILITY_IFD: "Interoperability",
    50838: "ImageJ byte counts",
    50839: "ImageJ",
}


class FieldType(IntEnum):
    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    SBYTE = 6
    UNDEFINED = 7
    SSHORT = 8
    SLONG = 9
    SRATIONAL = 10
    FLOAT = 11
    DOUBLE = 12
    IFD = 13
    LONG8 = 16
    SLONG8 = 17
    IFD8 = 18


BYTES_PER_VALUE = {
    FieldType.BYTE: 1,
    FieldType.ASCII: 1,
    FieldType.SHORT: 2,
    FieldType.LONG: 4,
    FieldType.RATIONAL: 8,
    FieldType.SBYTE: 1,
    FieldType.UNDEFINED: 1,
    FieldType.SSHORT: 2,
    FieldType.SLONG: 4,
    FieldType.SRATIONAL: 8,
    FieldType.FLOAT: 4,
    FieldType.DOUBLE: 8,
    FieldType.IFD: 4,
    FieldType.LONG8: 8,
    FieldType.SLONG8: 8,
    FieldType.IFD8: 8,
}


class Compression(IntEnum):
    NONE = 1
    CCITT = 2
    FAX_3 = 3
    FAX_4 = 4
    LZW = 5
    OLD_JPEG = 6
    JPEG = 7
    DEFLATE = 8
    PACKBITS = 32773
    DEFLATE_OLD = 32946
    APERIO_JPEG2000_YCBCR = 33003
    APERIO_JPEG2000_RGB = 33005
    JPEG2000 = 34712
    LERC = 34887
    ZSTD = 50000
    WEBP = 50001


class Photometric(IntEnum):
    MIN_IS_WHITE = 0
    MIN_IS_BLACK = 1
    RGB = 2
    PALETTE = 3
    MASK = 4
    YCBCR = 6


class SampleFormat(IntEnum):
    UNSIGNED = 1
    SIGNED = 2
    FLOAT = 3
