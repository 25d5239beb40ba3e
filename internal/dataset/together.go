package dataset

import (
	"slices"
	"strings"
)

// streamKnown is what is known of one stream.
type streamKnown struct {
	stream string
	*Known
}

// together gives the fields of some streams as of one. A field's share is of the records of all streams, those too that
// never have it.
func together(all []streamKnown) Schema {
	out := Schema{Fields: []FieldView{}}
	type sum struct {
		FieldView
		types, present, of int64
		gone               bool
	}
	fields := map[string]*sum{}
	var lately int64 // records of all streams that shares are of
	for _, k := range all {
		out.Records += k.Records
		out.Cut = out.Cut || k.Cut
		var window int64
		for path, f := range k.Fields {
			window = max(window, f.Of)
			to := fields[path]
			if to == nil {
				to = &sum{FieldView: FieldView{Path: path}, gone: true}
				fields[path] = to
			}
			to.types |= f.Types
			to.present += f.Present
			to.of += f.Of
			if f.Last.After(to.Last) && f.Example != "" {
				to.Example = f.Example
			}
			to.First, to.Last, to.Changed = earlier(to.First, f.First), later(to.Last, f.Last), later(to.Changed, f.Changed)
			to.gone = to.gone && f.Gone
			to.Streams = append(to.Streams, k.stream)
		}
		lately += window
	}
	for _, f := range fields {
		of := f.of
		if len(f.Streams) < len(all) {
			of = max(of, lately)
		}
		f.Types, f.Present, f.Gone = TypeNames(f.types), percent(f.present, of), f.gone
		slices.Sort(f.Streams)
		if len(all) == 1 {
			f.Streams = nil
		}
		out.Fields = append(out.Fields, f.FieldView)
	}
	slices.SortFunc(out.Fields, func(a, b FieldView) int { return strings.Compare(a.Path, b.Path) })
	return out
}
