//! A piece as it is stored: one section per column, one after the other. The directory, which the store keeps beside
//! them, has the length and the checksum of each.
//!
//! A section is Arrow's own buffers of the column in a row, packed with LZ4 when that makes them smaller: a byte that
//! says so; the number of values; whether some are missing, and if so a bit for each, the lowest first; then the values.
//! Numbers are little-endian; truths are bits; texts and bytes have their ends, 32 bits each, before all their bytes.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, PrimitiveArray, StringArray};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use bricklayer_domain::ColumnType;
use bricklayer_store::NewPiece;

use crate::column::{Column, Rows, Value, data_type};
use crate::error::Broken;

/// Bytes of a column's entry in the directory: length and checksum, each 32 bits, the low byte first.
const ENTRY_BYTES: usize = 8;
/// Below this, packing saves nothing worth the time.
const PACK_FROM_BYTES: usize = 128;
/// Bytes that a section may have when it is unpacked: a piece's values and its largest row. What says more is broken.
const MAX_SECTION_BYTES: usize = 512 * 1024 * 1024;

const PLAIN: u8 = 0;
const LZ4: u8 = 1;

const NOT_PACKED: Broken = Broken("a column is not what was packed");

/// Where the section of a column is in its piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    checksum: u32,
}

/// Reads a directory.
pub(crate) fn directory(bytes: &[u8], columns: usize) -> Result<Vec<Section>, Broken> {
    if bytes.len() != columns * ENTRY_BYTES {
        return Err(Broken("its directory has another number of columns"));
    }
    let mut offset = 0;
    let sections = bytes.chunks_exact(ENTRY_BYTES).map(|entry| {
        let mut reader = Bytes(entry);
        let section = Section { offset, length: reader.word()?, checksum: reader.word()? };
        offset += u64::from(section.length);
        Ok(section)
    });
    sections.collect()
}

/// Packs rows into a piece.
pub(crate) fn pack(kinds: &[ColumnType], rows: &Rows, value_bytes: usize) -> Result<NewPiece, Broken> {
    let mut piece =
        NewPiece { units: rows.count as u64, bytes: value_bytes as u64, directory: Vec::new(), body: Vec::new() };
    let mut room = Vec::new();
    for (kind, array) in kinds.iter().zip(&rows.columns) {
        room.clear();
        lay_out(Column::of(*kind, array)?, array.as_ref(), &mut room)?;
        let packed = if room.len() >= PACK_FROM_BYTES { lz4_flex::compress_prepend_size(&room) } else { Vec::new() };
        let is_packed = !packed.is_empty() && packed.len() < room.len();
        let before = piece.body.len();
        piece.body.push(if is_packed { LZ4 } else { PLAIN });
        piece.body.extend_from_slice(if is_packed { &packed } else { &room });
        let section = piece.body.get(before..).unwrap_or_default();
        piece.directory.extend_from_slice(&word(section.len())?.to_le_bytes());
        piece.directory.extend_from_slice(&crc32fast::hash(section).to_le_bytes());
    }
    Ok(piece)
}

fn word(number: usize) -> Result<u32, Broken> {
    u32::try_from(number).map_err(|_| Broken("a column is larger than a piece may be"))
}

fn bits(bits: impl Iterator<Item = bool>, out: &mut Vec<u8>) {
    let mut byte = 0;
    let mut count = 0;
    for bit in bits {
        byte |= u8::from(bit) << (count % 8);
        count += 1;
        if count % 8 == 0 {
            out.push(byte);
            byte = 0;
        }
    }
    if count % 8 != 0 {
        out.push(byte);
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, out: &mut Vec<u8>) {
    // Arrow keeps numbers as the machine does, which is little-endian wherever this runs.
    out.extend_from_slice(array.values().inner().as_slice());
}

fn lay_out(column: Column<'_>, array: &dyn Array, out: &mut Vec<u8>) -> Result<(), Broken> {
    out.extend_from_slice(&word(column.len())?.to_le_bytes());
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => out.push(0),
        Some(nulls) => {
            out.push(1);
            bits(nulls.iter(), out);
        }
    }
    match column {
        Column::Integer(array) => numbers(array, out),
        Column::Decimal(array, _) => numbers(array, out),
        Column::Double(array) => numbers(array, out),
        Column::Float(array) => numbers(array, out),
        Column::Date(array) => numbers(array, out),
        Column::Timestamp(array) | Column::TimestampNtz(array) => numbers(array, out),
        Column::Boolean(array) => bits(array.values().iter(), out),
        Column::Text(_) | Column::Binary(_) => {
            let bytes = |value| match value {
                Value::Text(text) => text.as_bytes(),
                Value::Binary(bytes) => bytes,
                _ => &[][..],
            };
            let mut end = 0;
            for value in column.values() {
                end += bytes(value).len();
                out.extend_from_slice(&word(end)?.to_le_bytes());
            }
            column.values().for_each(|value| out.extend_from_slice(bytes(value)));
        }
    }
    Ok(())
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(NOT_PACKED)?;
        self.0 = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32, Broken> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| NOT_PACKED)?))
    }

    fn bits(&mut self, count: usize) -> Result<BooleanBuffer, Broken> {
        Ok(BooleanBuffer::new(Buffer::from(self.take(count.div_ceil(8))?), 0, count))
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        kind: ColumnType,
        count: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef, Broken> {
        let bytes = self.take(count.checked_mul(size_of::<T::Native>()).ok_or(NOT_PACKED)?)?;
        // Copied to where such numbers may lie.
        let mut values = arrow_buffer::MutableBuffer::with_capacity(bytes.len());
        values.extend_from_slice(bytes);
        let values = ScalarBuffer::<T::Native>::new(values.into(), 0, count);
        let array = PrimitiveArray::<T>::try_new(values, nulls).map_err(|_| NOT_PACKED)?;
        Ok(Arc::new(array.with_data_type(data_type(kind))))
    }

    /// Where texts end, and their bytes.
    fn texts(&mut self, count: usize) -> Result<(OffsetBuffer<i32>, Buffer), Broken> {
        let mut offsets = Vec::with_capacity(count.min(self.0.len()) + 1);
        let mut last = 0;
        offsets.push(last);
        for _ in 0..count {
            let end = i32::try_from(self.word()?).map_err(|_| NOT_PACKED)?;
            if end < last {
                return Err(NOT_PACKED);
            }
            last = end;
            offsets.push(end);
        }
        let bytes = self.take(last.as_usize())?;
        Ok((OffsetBuffer::new(offsets.into()), Buffer::from(bytes)))
    }
}

/// The column of a section's bytes.
pub(crate) fn unpack(kind: ColumnType, section: Section, bytes: &[u8]) -> Result<ArrayRef, Broken> {
    if bytes.len() as u64 != u64::from(section.length) || crc32fast::hash(bytes) != section.checksum {
        return Err(Broken("a column has another checksum"));
    }
    let (how, packed) = bytes.split_first().ok_or(NOT_PACKED)?;
    let unpacked;
    let plain = match *how {
        PLAIN => packed,
        LZ4 => {
            let size = Bytes(packed).word()?;
            if usize::try_from(size).map_err(|_| NOT_PACKED)? > MAX_SECTION_BYTES {
                return Err(NOT_PACKED);
            }
            unpacked = lz4_flex::decompress_size_prepended(packed).map_err(|_| NOT_PACKED)?;
            &unpacked
        }
        _ => return Err(NOT_PACKED),
    };
    let mut plain = Bytes(plain);
    let count = usize::try_from(plain.word()?).map_err(|_| NOT_PACKED)?;
    let nulls = match plain.take(1)? {
        [0] => None,
        [1] => Some(NullBuffer::new(plain.bits(count)?)),
        _ => return Err(NOT_PACKED),
    };
    let array: ArrayRef = match kind {
        ColumnType::Integer => plain.numbers::<Int64Type>(kind, count, nulls)?,
        ColumnType::Decimal { .. } => plain.numbers::<Decimal128Type>(kind, count, nulls)?,
        ColumnType::Double => plain.numbers::<Float64Type>(kind, count, nulls)?,
        ColumnType::Float => plain.numbers::<Float32Type>(kind, count, nulls)?,
        ColumnType::Date => plain.numbers::<Date32Type>(kind, count, nulls)?,
        ColumnType::Timestamp | ColumnType::TimestampNtz => {
            plain.numbers::<TimestampMicrosecondType>(kind, count, nulls)?
        }
        ColumnType::Boolean => Arc::new(BooleanArray::new(plain.bits(count)?, nulls)),
        ColumnType::String | ColumnType::Json => {
            let (offsets, bytes) = plain.texts(count)?;
            Arc::new(StringArray::try_new(offsets, bytes, nulls).map_err(|_| NOT_PACKED)?)
        }
        ColumnType::Binary => {
            let (offsets, bytes) = plain.texts(count)?;
            Arc::new(BinaryArray::try_new(offsets, bytes, nulls).map_err(|_| NOT_PACKED)?)
        }
    };
    if plain.0.is_empty() { Ok(array) } else { Err(NOT_PACKED) }
}

/// What fuzzing asks: a section of any bytes as a column of a type. It is refused, or each of its values can be written
/// and packing it gives the same values again.
///
/// # Errors
/// [`Broken`] for bytes that are no section of the type.
///
/// # Panics
/// When what was unpacked is not what is packed of it.
#[cfg(feature = "test-support")]
#[allow(clippy::expect_used, reason = "a fuzzer is to hear of it")]
pub fn unpack_any(kind: ColumnType, bytes: &[u8]) -> Result<(), Broken> {
    let section = Section { offset: 0, length: word(bytes.len())?, checksum: crc32fast::hash(bytes) };
    let column = unpack(kind, section, bytes)?;
    let rows = Rows { count: column.len(), columns: vec![column] };
    let again = pack(&[kind], &rows, 0).expect("what was unpacked can be packed");
    let section = directory(&again.directory, 1).expect("a directory").first().copied().expect("a section");
    let column = unpack(kind, section, &again.body).expect("what was packed can be unpacked");
    let texts = |array: &ArrayRef| -> Vec<String> {
        let column = Column::of(kind, array).expect("a column of its type");
        column.values().map(crate::write::to_json).collect()
    };
    assert_eq!(rows.columns.first().map(texts), Some(texts(&column)));
    Ok(())
}
