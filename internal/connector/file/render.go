package file

import (
	"bytes"
	"encoding/json"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
)

// keepArena is how much memory is kept from one batch to the next.
const keepArena = 16 << 20

// A part is what a batch adds to one file.
type part struct {
	series series
	lines  [][]byte // what is not packed is put together as it is written
	packed []byte
	size   int64 // of what will stand in the file
	target *target
}

// render finds what goes into each file of a batch, in the order of the records, and the outcome of each record.
func (d *destination) render(records []connector.Record) ([]*part, []connector.Outcome, error) {
	parts, outcomes := d.group(records)
	for _, p := range parts {
		for _, line := range p.lines {
			p.size += int64(len(line)) + 1
		}
	}
	if d.cfg.Compression == None {
		return parts, outcomes, nil
	}
	if cap(d.arena) > keepArena {
		d.arena, d.scratch = nil, nil
	}
	ends := make([]int, len(parts))
	arena := d.arena[:0]
	for i, p := range parts {
		var err error
		d.scratch = join(d.scratch[:0], p.lines)
		if arena, err = d.packer.pack(arena, d.scratch); err != nil {
			return nil, nil, fault.New(fault.Internal, "pack with %s: %w", d.cfg.Compression, err)
		}
		ends[i] = len(arena)
	}
	from := 0
	for i, p := range parts {
		p.lines, p.packed, p.size = nil, arena[from:ends[i]], int64(ends[i]-from)
		from = ends[i]
	}
	d.arena = arena
	return parts, outcomes, nil
}

func join(dst []byte, lines [][]byte) []byte {
	for _, line := range lines {
		dst = append(append(dst, line...), '\n')
	}
	return dst
}

// group finds the series that each record belongs to.
func (d *destination) group(records []connector.Record) ([]*part, []connector.Outcome) {
	type origin struct {
		stream, tenant string
		hour           int64
	}
	var parts []*part
	outcomes := make([]connector.Outcome, len(records))
	byOrigin, bySeries := map[origin]*part{}, map[series]*part{}
	for i, r := range records {
		text, err := d.line(r)
		if err != nil {
			outcomes[i] = connector.Outcome{Kind: connector.Rejected, Err: err}
			continue
		}
		outcomes[i].Kind = connector.Stored
		if r.Time.IsZero() {
			r.Time = d.now()
		}
		from := origin{r.Stream, r.Tenant, r.Time.Unix() / 3600}
		p := byOrigin[from]
		if p == nil {
			s := d.name.render(values{stream: r.Stream, tenant: r.Tenant, flow: d.flow, time: r.Time})
			if p = bySeries[s]; p == nil {
				p = &part{series: s}
				parts, bySeries[s] = append(parts, p), p
			}
			byOrigin[from] = p
		}
		p.lines = append(p.lines, text)
	}
	return parts, outcomes
}

// line gives a record's line without its end: the body as it came. Only a body that has line ends between its tokens
// is compacted, since it would not be one line.
func (d *destination) line(r connector.Record) ([]byte, error) {
	if int64(len(r.Body)) > int64(d.cfg.MaxRecord) {
		return nil, fault.New(fault.Invalid, "the record has %d bytes, more than maxRecord (%s)", len(r.Body), d.cfg.MaxRecord).
			WithCode("record_too_large").WithHint("Raise maxRecord of the destination, or drop the record with a transform.")
	}
	if bytes.IndexByte(r.Body, '\n') < 0 && bytes.IndexByte(r.Body, '\r') < 0 && len(r.Body) > 0 {
		return r.Body, nil
	}
	var out bytes.Buffer
	if err := json.Compact(&out, r.Body); err != nil {
		if len(r.Body) == 0 && r.Op == connector.Delete {
			return nil, fault.New(fault.Invalid, "a delete without a body can't be written to a file").WithCode("delete_without_body").
				WithHint("A file keeps what it has. Give the flow deletes: never, or drop deletes with a transform.")
		}
		return nil, fault.New(fault.Invalid, "the record is not JSON: %w", err).WithCode("not_json").
			WithHint("A line of NDJSON must be one JSON value. Look at the record in the dead letters and at the transform that made it.")
	}
	return out.Bytes(), nil
}
