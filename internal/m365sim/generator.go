package m365sim

import "time"

// recordSeed is what everything about a generated record follows from.
func (r recordRef) seed() uint64 { return mix(mix(r.blob.seed, 99), uint64(r.index)) }

// recordType is the type of a record, without making it.
func (t *tenant) recordType(templates *templates, r recordRef) int {
	if r.blob.loaded {
		return int(t.loaded.places[r.blob.ctype][r.blob.first+r.index].kind)
	}
	return templates.choose(r.blob.ctype, r.seed()).recordType
}

// lateness is how long before its blob an event happened: 80 % within an hour, 95 % within a day, 99.8 % within two,
// all within seven.
func lateness(seed uint64) time.Duration {
	x, y := chance(mix(seed, 22)), chance(mix(seed, 23))
	between := func(low, high time.Duration) time.Duration { return low + time.Duration(y*float64(high-low)) }
	switch {
	case x < 0.80:
		return between(2*time.Minute, time.Hour)
	case x < 0.95:
		return between(time.Hour, day)
	case x < 0.998:
		return between(day, 2*day)
	}
	return between(2*day, 7*day)
}

// appendRecord makes one record, byte for byte the same each time.
func (s *Simulator) appendRecord(dst []byte, t *tenant, r recordRef) ([]byte, error) {
	b := r.blob
	if b.loaded {
		return t.loaded.append(dst, t.loaded.places[b.ctype][b.first+r.index])
	}
	g := generation{tenant: t, seed: r.seed(), plain: r.plain}
	g.time = time.UnixMilli(b.created).UTC().Add(-lateness(g.seed))
	at := len(dst)
	switch odd := r.index%2 == 1; {
	case odd && b.kind == "not-objects":
		oddities := []string{`42`, `"a text"`, `null`, `["an","array"]`, `true`}
		return append(dst, oddities[below(g.seed, len(oddities))]...), nil
	case odd && b.kind == "no-id":
		return append(appendTime(append(dst, `{"CreationTime":"`...), g.time), `","Operation":"NoId","RecordType":25,"Workload":"MicrosoftTeams"}`...), nil
	}
	dst = s.templates.choose(b.ctype, g.seed).append(dst, &g)
	if b.kind == "invalid-utf8" {
		dst = append(dst[:len(dst)-1], ",\"Broken\":\"caf\xe9 \xff\xfe\"}"...)
	}
	if missing := b.bytes - (len(dst) - at); missing > 0 {
		dst = append(dst[:len(dst)-1], `,"AdditionalInfo":"`...)
		dst = append(appendFiller(dst, g.seed, max(missing-20, 1)), `"}`...)
	}
	return dst, nil
}

// recordID gives the Id of a record without making it; "" when it has none.
func (s *Simulator) recordID(t *tenant, r recordRef) (string, error) {
	b := r.blob
	if b.loaded {
		raw, err := t.loaded.append(nil, t.loaded.places[b.ctype][b.first+r.index])
		return idOf(raw), err
	}
	if r.index%2 == 1 && (b.kind == "not-objects" || b.kind == "no-id") {
		return "", nil
	}
	return guid(mix(r.seed(), 1)), nil
}
