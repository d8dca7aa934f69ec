//! The file format of the write-ahead log: groups of rows that were written together.
//!
//! A group has a head of [`HEAD`] bytes and a body. Numbers are little endian.
//!
//! The head consists of [`MAGIC`], the length of the body, the number of the first row, the number
//! of rows, the checksum of the body, and the checksum of the head so far.
//!
//! The body has for each row: the length of its columns, the length of the row, the columns that
//! the row adds to the storage (JSON, or empty), and the row (JSON, as received).
//!
//! A group is on disk before the next one is started. An invalid group at the end of a segment is
//! therefore an interrupted write, which was never acknowledged. An invalid group before a valid
//! one was acknowledged: the segment is damaged.

use std::ops::Range;

use bytes::Bytes;

/// A row of the write-ahead log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The columns that the row adds to the storage, as JSON. Empty if there are none.
    pub(super) columns: Bytes,
    /// The row, as JSON.
    pub(super) row: Bytes,
}

/// A group that was read: rows with consecutive numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The number of the first row.
    pub(super) first: u64,
    /// The rows.
    pub(super) records: Vec<Record>,
}

/// The content of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The complete groups, in order.
    pub(super) groups: Vec<Group>,
    /// The end of the complete groups. An interrupted write may follow.
    pub(super) end: usize,
}

/// The position of damage in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The first byte of the invalid group.
    pub(super) at: usize,
}

/// The first bytes of a group. One of them never appears in JSON, so a row cannot look like a
/// group.
const MAGIC: [u8; 4] = *b"SJ\x01\n";
const HEAD: usize = 28;

/// Appends a group to the bytes.
pub(super) fn write(first: u64, records: &[Record], bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.resize(start + HEAD, 0);
    for record in records {
        bytes.extend_from_slice(&length(&record.columns));
        bytes.extend_from_slice(&length(&record.row));
        bytes.extend_from_slice(&record.columns);
        bytes.extend_from_slice(&record.row);
    }
    let body = start + HEAD;
    let head = [
        &MAGIC[..],
        &length(&bytes[body..]),
        &first.to_le_bytes(),
        &length(records),
        &crc32fast::hash(&bytes[body..]).to_le_bytes(),
    ]
    .concat();
    bytes[start..start + HEAD - 4].copy_from_slice(&head);
    bytes[start + HEAD - 4..body].copy_from_slice(&crc32fast::hash(&head).to_le_bytes());
}

/// Encodes a length. The limits of a group are far below 32 bits.
fn length<T>(items: &[T]) -> [u8; 4] {
    u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// Reads a segment.
pub(super) fn read(bytes: &Bytes) -> Result<Segment, Damage> {
    let mut groups = Vec::new();
    let mut end = 0;
    while end < bytes.len() {
        let Some(found) = valid_group(bytes, end) else {
            return if is_followed(bytes, end + 1) { Err(Damage { at: end }) } else { Ok(Segment { groups, end }) };
        };
        groups.push(records(bytes, &found).ok_or(Damage { at: end })?);
        end = found.body.end;
    }
    Ok(Segment { groups, end })
}

/// A group with valid checksums.
struct ValidGroup {
    first: u64,
    count: u32,
    body: Range<usize>,
}

fn valid_group(bytes: &[u8], at: usize) -> Option<ValidGroup> {
    let head = bytes.get(at..at + HEAD)?;
    let number = |at: usize| head[at..at + 4].try_into().map(u32::from_le_bytes).unwrap_or_default();
    if !head.starts_with(&MAGIC) || number(HEAD - 4) != crc32fast::hash(&head[..HEAD - 4]) {
        return None;
    }
    let body = at + HEAD..(at + HEAD).checked_add(number(4) as usize)?;
    if number(20) != crc32fast::hash(bytes.get(body.clone())?) {
        return None;
    }
    let first = u64::from(number(8)) | u64::from(number(12)) << 32;
    Some(ValidGroup { first, count: number(16), body })
}

/// Returns true if a valid group starts anywhere after a position.
fn is_followed(bytes: &[u8], from: usize) -> bool {
    let rest = bytes.get(from..).unwrap_or_default();
    let begins = rest.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
    begins.into_iter().any(|(offset, _)| valid_group(bytes, from + offset).is_some())
}

fn records(bytes: &Bytes, found: &ValidGroup) -> Option<Group> {
    let mut body = bytes.slice(found.body.clone());
    let mut records = Vec::new();
    while !body.is_empty() {
        let mut number = || {
            let number = body.get(..4)?.try_into().map(u32::from_le_bytes).ok()?;
            body = body.slice(4..);
            Some(number as usize)
        };
        let (columns, row) = (number()?, number()?);
        let end = columns.checked_add(row).filter(|end| *end <= body.len())?;
        records.push(Record { columns: body.slice(..columns), row: body.slice(columns..end) });
        body = body.slice(end..);
    }
    (records.len() == found.count as usize).then_some(Group { first: found.first, records })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(columns: &'static str, row: &'static str) -> Record {
        Record { columns: Bytes::from_static(columns.as_bytes()), row: Bytes::from_static(row.as_bytes()) }
    }

    /// Three groups, and the position where each ends.
    fn segment() -> (Vec<u8>, Vec<Group>, Vec<usize>) {
        let groups = vec![
            Group { first: 7, records: vec![record("[{}]", r#"{"a":1}"#), record("", r#"{"a": 2}"#)] },
            Group { first: 9, records: vec![record("", "{}")] },
            Group { first: 10, records: vec![record("", ""), record("x", "y"), record("", r#"{"a":"SJ\n"}"#)] },
        ];
        let mut bytes = Vec::new();
        let mut ends = Vec::new();
        for group in &groups {
            write(group.first, &group.records, &mut bytes);
            ends.push(bytes.len());
        }
        (bytes, groups, ends)
    }

    #[test]
    fn groups_are_read_as_written() {
        let (bytes, groups, _) = segment();
        let end = bytes.len();
        assert_eq!(read(&Bytes::from(bytes)), Ok(Segment { groups, end }));
        assert_eq!(read(&Bytes::new()), Ok(Segment { groups: Vec::new(), end: 0 }));
    }

    #[test]
    fn truncated_segment_keeps_its_complete_groups() {
        let (bytes, groups, ends) = segment();
        for cut in 0..bytes.len() {
            for zeros in [0, 1, 100] {
                let mut cut_bytes = bytes[..cut].to_vec();
                cut_bytes.resize(cut + zeros, 0);
                let read = read(&Bytes::from(cut_bytes)).unwrap();
                let whole = ends.iter().filter(|end| **end <= cut).count();
                assert_eq!(read.groups, groups[..whole], "truncated at {cut}");
                assert_eq!(read.end, if whole == 0 { 0 } else { ends[whole - 1] });
            }
        }
    }

    #[test]
    fn wrong_byte_is_damage_unless_it_is_in_the_last_group() {
        let (bytes, groups, ends) = segment();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut wrong = bytes.clone();
                wrong[position] ^= 1 << bit;
                let group = ends.iter().filter(|end| **end <= position).count();
                let begin = if group == 0 { 0 } else { ends[group - 1] };
                let expected = match group {
                    2 => Ok(Segment { groups: vec![], end: begin }),
                    _ => Err(Damage { at: begin }),
                };
                match (read(&Bytes::from(wrong)), expected) {
                    (Ok(read), Ok(expected)) => {
                        assert_eq!(read.end, expected.end);
                        assert_eq!(read.groups, groups[..2]);
                    }
                    (read, expected) => assert_eq!(read, expected, "bit {bit} of byte {position}"),
                }
            }
        }
    }
}
