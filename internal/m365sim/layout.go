package m365sim

import (
	"strings"
	"time"
)

// liveState is how far a tenant's new content has been laid out, and what waits for its blob.
type liveState struct {
	next int64                  // when the next slot begins, in ms
	owed [typeCount]float64     // events that a slot was too short for
	dlp  [typeCount][]recordRef // DLP records that are to come through their workload's type too
}

// layHistory makes the blobs that are there at the start, and so the whole content of a tenant with no live events.
func (s *Simulator) layHistory(t *tenant) {
	t.live = liveState{next: s.epoch.UnixMilli()}
	from := s.epoch.Add(-time.Duration(t.content.History))
	weights := t.content.weights()
	for _, ctype := range layOrder {
		events := int(float64(t.content.Events)*weights[ctype] + 0.5)
		if ctype == typeGeneral { // takes what rounding leaves
			events = t.content.Events
			for other, weight := range weights {
				if other != typeGeneral {
					events -= int(float64(t.content.Events)*weight + 0.5)
				}
			}
		}
		s.lay(t, ctype, max(events, 0), from.UnixMilli(), s.epoch.UnixMilli(), nil)
	}
}

// layOrder has DLP first, since its records come again in the workloads' types.
var layOrder = []int{typeDLP, typeExchange, typeSharePoint, typeAAD, typeGeneral}

// lay spreads events over blobs created in [from, to). With loaded, the events are a person's, by index.
func (s *Simulator) lay(t *tenant, ctype, events int, from, to int64, loaded []int) {
	seed := mix(mix(t.seed, uint64(ctype)), uint64(from))
	var sizes []int
	for left := events; left > 0; {
		size := min(t.content.RecordsPerBlob.pick(mix(seed, uint64(left))), left)
		sizes = append(sizes, size)
		left -= size
	}
	if len(sizes) == 0 && len(t.live.dlp[ctype]) > 0 && t.live.dlp[ctype][0].blob.available < to {
		sizes = []int{0}
	}
	first := 0
	previous := from
	for i, size := range sizes {
		at := from + int64((float64(i)+chance(mix(seed, uint64(i)<<8|1)))*float64(to-from)/float64(len(sizes)))
		b := &blob{seed: mix(seed, uint64(i)<<8|2), own: size, created: at, bytes: int(t.content.RecordBytes)}
		if i > 0 && chance(mix(b.seed, 4)) < t.content.SameTimeShare {
			b.created = previous
		}
		if loaded != nil {
			b.loaded, b.first = true, first
			first += size
		}
		previous = b.created
		s.shape(t, ctype, b, i == len(sizes)-1)
		t.streams[ctype].add(b)
	}
}

// shape gives a blob what makes it odd: lateness, partiality, records that come again.
func (s *Simulator) shape(t *tenant, ctype int, b *blob, last bool) {
	c := t.content
	b.ctype = ctype
	b.available = b.created
	if chance(mix(b.seed, 5)) < c.Late.Share {
		b.available += int64(chance(mix(b.seed, 6)) * float64(c.Late.By.ms()))
	}
	b.settled = b.available + c.Partial.Settle.ms()
	b.partial = chance(mix(b.seed, 7)) < c.Partial.Share
	b.id = contentID(b, ctype)
	s.repeatOld(t, b)
	if c.DLPTwice {
		t.takeTwins(b, last)
		if ctype == typeDLP {
			t.oweTwins(s.templates, b)
		}
	}
}

// repeatOld puts records of an old blob into b.
func (s *Simulator) repeatOld(t *tenant, b *blob) {
	rules := t.content.Repeat
	count := int(float64(b.own)*rules.Share + chance(mix(b.seed, 8)))
	if rules.Share == 0 || count == 0 {
		return
	}
	older := t.streams[b.ctype].between(longAgo, b.created-rules.After.ms())
	if len(older) == 0 {
		return
	}
	from := older[len(older)-1]
	for i := range min(count, from.own) {
		b.extras = append(b.extras, recordRef{blob: from, index: i})
	}
}

// oweTwins notes which records of a DLP.All blob are to come through Exchange's or SharePoint's type too.
func (t *tenant) oweTwins(templates *templates, b *blob) {
	for i := range b.own {
		ref := recordRef{blob: b, index: i, plain: true}
		if workload := workloadOf(t.recordType(templates, ref)); workload >= 0 {
			t.live.dlp[workload] = append(t.live.dlp[workload], ref)
		}
	}
}

// takeTwins puts the owed records into b, those whose DLP.All blob is there by then; the last blob takes all.
func (t *tenant) takeTwins(b *blob, last bool) {
	owed := t.live.dlp[b.ctype]
	taken := 0
	for taken < len(owed) && (last || owed[taken].blob.created <= b.created) {
		taken++
	}
	b.extras = append(b.extras, owed[:taken]...)
	t.live.dlp[b.ctype] = owed[taken:]
}

// grow lays out what has come since the last request: one slot of blobs for each BlobEvery that has begun.
func (s *Simulator) grow(t *tenant, now time.Time) {
	if t.content.EventsPerMinute == 0 {
		return
	}
	ms := now.UnixMilli()
	t.mu.RLock()
	grown := t.live.next > ms
	t.mu.RUnlock()
	if grown {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	step := t.content.BlobEvery.ms()
	weights := t.content.weights()
	perSlot := t.content.EventsPerMinute * time.Duration(t.content.BlobEvery).Minutes()
	for t.live.next <= ms {
		for _, ctype := range layOrder {
			t.live.owed[ctype] += perSlot * weights[ctype]
			events := int(t.live.owed[ctype])
			t.live.owed[ctype] -= float64(events)
			s.lay(t, ctype, events, t.live.next, t.live.next+step, nil)
		}
		t.live.next += step
	}
}

// contentID is made as the modern ones are: the start of the aggregation, contentCreated, type, type, and one or two
// partitions.
func contentID(b *blob, ctype int) string {
	const form = "20060102150405.000"
	begin := time.UnixMilli(b.created - 60_000 - int64(below(mix(b.seed, 12), 60_000))).UTC()
	created := time.UnixMilli(b.created).UTC()
	name := strings.ReplaceAll(ContentTypes[ctype], ".", "_")
	id := make([]byte, 0, 128)
	for i, at := range []time.Time{begin, created} {
		id = append(id, strings.Replace(at.Format(form), ".", "", 1)...)
		id = append(appendDigits(id, mix(b.seed, uint64(13+i)), 6), '$')
	}
	id = append(id, strings.ToLower(name)+"$"+name...)
	for range below(mix(b.seed, 15), 3) {
		id = append(id, "$na"...)
		id = appendDigits(id, mix(b.seed, 16)%100, 4)
	}
	return string(id)
}

// blobKinds are the ways in which a special blob can be special.
var blobKinds = []string{"records", "no-id", "not-objects", "invalid-utf8", "object", "cut", "empty", "html"}

// laySpecial makes the blobs of one entry of the scenario's blobs.
func (s *Simulator) laySpecial(t *tenant, index int, spec SpecialBlob) {
	ctype := typeIndex(spec.ContentType)
	for i := range max(spec.Count, 1) {
		b := &blob{
			seed:    mix(mix(t.seed, uint64(index)+1000), uint64(i)),
			created: s.epoch.UnixMilli() - spec.Age.ms(),
			own:     max(spec.Records, 1),
			bytes:   int(spec.RecordBytes),
			kind:    spec.Kind,
		}
		if spec.Kind == "empty" || spec.Kind == "html" {
			b.own = 0
		}
		b.ctype, b.available, b.settled = ctype, b.created, b.created
		b.id = contentID(b, ctype)
		t.streams[ctype].add(b)
	}
}
