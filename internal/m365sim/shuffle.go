package m365sim

import "github.com/go-json-experiment/json/jsontext"

// shuffled gives a record's top-level members in another order; their bytes stay as they are. What is no object
// comes back as it was.
func shuffled(record []byte, seed uint64) []byte {
	type member struct {
		name  []byte
		value jsontext.Value
	}
	var members []member
	err := eachMember(record, func(name string, value jsontext.Value) {
		quoted, err := jsontext.AppendQuote(nil, name)
		if err == nil {
			members = append(members, member{quoted, value.Clone()})
		}
	})
	if err != nil {
		return record
	}
	for i := len(members) - 1; i > 0; i-- {
		j := below(mix(seed, uint64(i)), i+1)
		members[i], members[j] = members[j], members[i]
	}
	out := append(make([]byte, 0, len(record)), '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, m.name...), ':'), m.value...)
	}
	return append(out, '}')
}
