//! As much of Kafka's protocol as it takes to refuse a request: <https://kafka.apache.org/protocol>.

/// Requests that can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Produce = 0,
    ListOffsets = 2,
    AddPartitionsToTxn = 24,
    AddOffsetsToTxn = 25,
    EndTxn = 26,
    TxnOffsetCommit = 28,
}

/// The id by which a client knows the answer to this request.
pub fn correlation(request: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(request.get(4..8)?.try_into().ok()?))
}

/// The answer that says `error` to `request`, for every partition it names; `None` when it is not of that API.
pub fn refusal(request: &[u8], api: Api, error: i16) -> Option<Vec<u8>> {
    let mut from = Reader { bytes: request, flexible: false };
    if from.i16()? != api as i16 {
        return None;
    }
    let version = from.i16()?;
    let correlation = from.i32()?;
    // The client's id is never compact.
    from.text()?;
    let flexible = match api {
        Api::Produce => version >= 9,
        Api::ListOffsets => version >= 6,
        _ => version >= 3,
    };
    from.flexible = flexible;
    from.tags()?;

    let mut to = Writer { bytes: correlation.to_be_bytes().to_vec(), flexible };
    to.tags();
    match api {
        Api::EndTxn | Api::AddOffsetsToTxn => {
            to.i32(0);
            to.i16(error);
        }
        Api::AddPartitionsToTxn => {
            from.text()?;
            from.take(8 + 2)?;
            to.i32(0);
            topics(&mut from, &mut to, |from| from.i32(), |to| to.i16(error))?;
        }
        Api::TxnOffsetCommit => {
            from.text()?;
            from.text()?;
            from.take(8 + 2)?;
            if version >= 3 {
                from.take(4)?;
                from.text()?;
                from.text()?;
            }
            let partition = |from: &mut Reader<'_>| {
                let index = from.i32()?;
                from.take(if version >= 2 { 8 + 4 } else { 8 })?;
                from.text()?;
                from.tags()?;
                Some(index)
            };
            to.i32(0);
            let write = |to: &mut Writer| {
                to.i16(error);
                to.tags();
            };
            topics(&mut from, &mut to, partition, write)?;
        }
        Api::ListOffsets => {
            from.take(if version >= 2 { 4 + 1 } else { 4 })?;
            let partition = |from: &mut Reader<'_>| {
                let index = from.i32()?;
                from.take(if version >= 4 { 4 + 8 } else { 8 })?;
                from.tags()?;
                Some(index)
            };
            let write = |to: &mut Writer| {
                to.i16(error);
                // Time, offset; epoch of the leader.
                to.bytes.extend([0xff; 16]);
                if version >= 4 {
                    to.i32(-1);
                }
                to.tags();
            };
            if version >= 2 {
                to.i32(0);
            }
            topics(&mut from, &mut to, partition, write)?;
        }
        Api::Produce => {
            from.text()?;
            from.take(2 + 4)?;
            let partition = |from: &mut Reader<'_>| {
                let index = from.i32()?;
                let length = from.length(4)?;
                from.take(length)?;
                from.tags()?;
                Some(index)
            };
            let write = |to: &mut Writer| {
                to.i16(error);
                // Base offset, time of the append; first offset of the log.
                to.bytes.extend([0xff; 16]);
                if version >= 5 {
                    to.bytes.extend([0xff; 8]);
                }
                if version >= 8 {
                    // No records named, no message.
                    to.length(0, 4);
                    to.null_text();
                }
                to.tags();
            };
            topics(&mut from, &mut to, partition, write)?;
            to.i32(0);
        }
    }
    to.tags();
    Some(to.bytes)
}

/// Reads the topics of a request and writes them as an answer does: the name, and for each partition its number and what
/// `write` says.
fn topics(
    from: &mut Reader<'_>,
    to: &mut Writer,
    partition: impl Fn(&mut Reader<'_>) -> Option<i32>,
    write: impl Fn(&mut Writer),
) -> Option<()> {
    let count = from.length(4)?;
    to.length(count, 4);
    for _ in 0..count {
        let name = from.text()?;
        to.length(name.len(), 2);
        to.bytes.extend(name);
        let count = from.length(4)?;
        to.length(count, 4);
        for _ in 0..count {
            to.i32(partition(from)?);
            write(to);
        }
        from.tags()?;
        to.tags();
    }
    Some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    flexible: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A length, in `width` bytes where it is not compact; 0 for null.
    fn length(&mut self, width: usize) -> Option<usize> {
        if self.flexible {
            return Some(self.varint()?.saturating_sub(1));
        }
        let length = if width == 2 { self.i16()?.into() } else { self.i32()? };
        Some(usize::try_from(length).unwrap_or(0))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.length(2)?;
        self.take(length)
    }

    fn tags(&mut self) -> Option<()> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let length = self.varint()?;
                self.take(length)?;
            }
        }
        Some(())
    }
}

struct Writer {
    bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    fn i16(&mut self, value: i16) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.bytes.extend(value.to_be_bytes());
    }

    fn length(&mut self, length: usize, width: usize) {
        if self.flexible {
            let mut value = length + 1;
            while value >= 0x80 {
                self.bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            self.bytes.push(value as u8);
        } else if width == 2 {
            self.i16(length as i16);
        } else {
            self.i32(length as i32);
        }
    }

    fn null_text(&mut self) {
        if self.flexible {
            self.bytes.push(0);
        } else {
            self.i16(-1);
        }
    }

    fn tags(&mut self) {
        if self.flexible {
            self.bytes.push(0);
        }
    }
}
