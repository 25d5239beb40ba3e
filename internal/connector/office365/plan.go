package office365

import "time"

// A window is one listing to make: the stretch and why.
type window struct {
	stretch
	stream string
	why    reason
	last   bool // of a look back's round
}

// A reason is why a window is listed.
type reason string

const (
	fresh   reason = "fresh"    // what is new
	catchUp reason = "catch up" // what was not listed yet
	overlap reason = "overlap"  // again, for content that came late
	deep    reason = "deep"     // again, far back
)

const (
	// mostWindows bounds what one call lists for a content type beyond what is new.
	mostWindows = 12
	// pagesSmall and pagesLarge are the numbers of pages at which a window is worth doubling and halving.
	pagesSmall, pagesLarge = 1, 6
	// leastStep is as small as a window gets.
	leastStep = 5 * time.Minute
	// mostStep keeps a window under the service's 24 hours with the second that it is asked earlier.
	mostStep = day - time.Minute
)

// A planner decides what to list. It is a pure function of the cursor, the config and the service's time.
type planner struct {
	cfg  *Config
	now  time.Time
	only *stretch // a backfill's range; nil: everything, for ever
}

// limit is the oldest time that can still be asked for.
func (p planner) limit() time.Time {
	return p.now.Add(-horizon + margin).Truncate(time.Second).Add(time.Second)
}

// settled is the time before which listings are final.
func (p planner) settled() time.Time { return p.now.Add(-p.cfg.Lag.Std()).Truncate(time.Second) }

// end is where the newest window ends.
func (p planner) end() time.Time { return p.now.Truncate(time.Second) }

func (p planner) step(s *stream) time.Duration {
	step := s.Step.Std()
	if step <= 0 {
		step = p.cfg.Window.Std()
	}
	return min(max(step, min(leastStep, p.cfg.Window.Std())), p.cfg.MaxWindow.Std(), mostStep)
}

// learn adapts the step to the pages that a full window took.
func (p planner) learn(s *stream, w window, pages int) {
	if w.why == fresh {
		return
	}
	length := w.To.Sub(w.From)
	switch step := p.step(s); {
	case pages >= pagesLarge:
		s.Step = duration(min(step, length/2))
	case pages <= pagesSmall && length >= step:
		s.Step = duration(2 * length)
	}
	s.Step = duration(p.step(s)) // within its bounds
}

// clamp gives up what the service no longer has, and returns what of it was promised. The hour that was about to
// expire when collecting began was not: it slips away with the first hiccup.
func (p planner) clamp(s *stream) []stretch {
	limit := p.limit()
	if !s.done().Before(limit) {
		return nil
	}
	var lost []stretch
	for _, g := range s.gaps(s.done(), limit) {
		s.add(g)
		if p.only == nil {
			g.From = later(g.From, s.Begun.Add(-horizon+time.Hour))
		}
		if !g.empty() {
			lost = append(lost, g)
		}
	}
	return lost
}

// missed gives, once for each time that nobody listed for days, the listed time that was still to be listed again for what comes
// late and that the service has forgotten meanwhile: content that appeared there and expired while nobody looked is in no
// listing. Time that was as old as the overlap when it was looked at last has had its due.
func (p planner) missed(s *stream) []stretch {
	looked := later(s.Looked, s.Begun)
	if p.only != nil || looked.IsZero() || s.Missed.After(looked) {
		return nil
	}
	overlap := min(p.cfg.Overlap.Std(), horizon/2) // a longer one is never done with
	g := stretch{later(looked.Add(-overlap), s.Listed[0].From).Truncate(time.Second), earlier(s.done(), p.limit())}
	if g.empty() {
		return nil
	}
	g.To = earlier(s.done(), g.To.Add(missedMore))
	s.Missed = p.now
	return []stretch{g}
}

// missedMore is what goes too before the look backs have their turn: catching up comes first.
const missedMore = time.Hour

// plan gives the windows of a stream: what is new first, then the oldest that was not listed, and when nothing is left
// of that, looks back.
func (p planner) plan(name string, s *stream) []window {
	var windows []window
	add := func(why reason, g stretch) {
		windows = append(windows, window{stretch: g, stream: name, why: why, last: g.To.Equal(s.done())})
	}
	behind := p.end()
	if p.only != nil {
		behind = earlier(p.only.To, behind)
	} else if g := p.newest(s); !g.empty() {
		add(fresh, g)
		behind = g.From
	}
	left := p.missing(s, behind)
	for _, g := range left[:min(len(left), mostWindows)] {
		add(catchUp, g)
	}
	if len(left) > 0 || p.only != nil {
		return windows
	}
	for _, g := range p.lookBack(s) {
		add(overlap, g)
	}
	for _, g := range p.deepScan(s) {
		add(deep, g)
	}
	return windows
}

// newest is the stretch up to now that goes on where the newest listing ended. If that is far back, only its end:
// the rest is caught up with, so that what is new never waits for what is old.
func (p planner) newest(s *stream) stretch {
	reach := min(max(p.step(s), p.cfg.Lag.Std()+2*p.cfg.Interval.Std()+leastStep), mostStep)
	return stretch{later(later(s.last(), p.limit()), p.end().Add(-reach)), p.end()}
}

// missing are the windows of time before behind that were not listed, oldest first.
func (p planner) missing(s *stream, behind time.Time) []stretch {
	var left []stretch
	for _, g := range s.gaps(later(s.done(), p.limit()), behind) {
		left = append(left, cut(g, p.step(s))...)
	}
	return left
}

// pending is how many windows are left until everything settled is listed.
func (p planner) pending(s *stream) int {
	behind := p.settled()
	if p.only != nil {
		behind = earlier(p.only.To, p.end())
	}
	return len(p.missing(s, behind))
}

// lookBack are the next pieces of the overlap. It goes round and round, once in roundTime, however small the pieces.
func (p planner) lookBack(s *stream) []stretch {
	from, to := p.again(s, p.cfg.Overlap.Std())
	whole := to.Sub(from)
	if s.Overlap.After(from) && s.Overlap.Before(to) {
		from = s.Overlap
	}
	return p.part(s, stretch{from, to}, whole, roundTime)
}

// roundTime is how long one round of the overlap takes at most.
const roundTime = time.Hour

// deepScan are the next pieces of the deep scan, if one is due or under way. It takes at most half of the time until
// the next one is due.
func (p planner) deepScan(s *stream) []stretch {
	every := p.cfg.DeepScan.Every.Std()
	if every <= 0 || s.Deep.IsZero() && p.now.Sub(s.DeepDone) < every {
		return nil
	}
	from, to := p.again(s, p.cfg.DeepScan.To.Std())
	whole := to.Sub(from)
	from = later(from, s.Deep)
	return p.part(s, stretch{from, to}, whole, every/2)
}

// part cuts from the beginning of g as many windows as a call must list so that all calls of a round list the whole.
func (p planner) part(s *stream, g stretch, whole, round time.Duration) []stretch {
	if g.empty() {
		return nil
	}
	windows := cut(g, p.step(s))
	share := float64(whole) / float64(p.step(s)) * float64(p.elapsed(s)) / float64(round)
	return windows[:min(len(windows), 1+int(share))]
}

// elapsed is the time that the look backs of this call make up for: an interval, or more after calls that had no time for
// them or were not made at all. Who lists once a day looks back over the whole day then.
func (p planner) elapsed(s *stream) time.Duration {
	if s.Looked.IsZero() {
		return p.cfg.Interval.Std()
	}
	return max(p.now.Sub(s.Looked), p.cfg.Interval.Std())
}

// owed tells whether look backs were left out, so that the next call is to come at once.
func (p planner) owed(s *stream) bool {
	return p.only == nil && p.elapsed(s) > 2*p.cfg.Interval.Std()
}

// again is how far back listed time is listed again: never before collecting began.
func (p planner) again(s *stream, back time.Duration) (from, to time.Time) {
	return later(later(p.end().Add(-back), p.limit()), s.Listed[0].From), s.done()
}

// finish takes a listed window into the stream. What it returns is the stretch that is complete now; it may be empty.
func (p planner) finish(s *stream, w window, pages int) stretch {
	complete := stretch{w.From, earlier(w.To, p.settled())}
	if complete.empty() {
		complete.To = complete.From
	}
	p.learn(s, w, pages)
	if p.only != nil { // a backfill ends; what it lists younger than the lag is read again by its second split
		s.add(w.stretch)
		return complete
	}
	switch w.why {
	case overlap:
		s.Overlap = w.To
		if w.last {
			s.Overlap = time.Time{}
		}
	case deep:
		s.Deep = w.To
		if w.last {
			s.Deep, s.DeepDone = time.Time{}, p.now
		}
	default:
		s.add(complete)
	}
	return complete
}

// twice tells whether a blob found in a window is to be read a second time, since it can be partial at first.
//
// A punctual blob is listed when it is younger than the lag, and gets its second split then. One that a look back
// finds for the first time has come late and may be as incomplete as a young one, but nothing here remembers which
// were listed before. So every blob of a look back is given both splits: those of punctual ones are known already.
// What was caught up with is known by its first split only and is read a second time by that, once; the deep scan
// leaves out what is from before collecting began, which would be a whole week.
func (p planner) twice(s *stream, w window) func(created time.Time) bool {
	young := p.now.Add(-p.cfg.Lag.Std())
	return func(created time.Time) bool {
		return created.After(young) || w.why == overlap || w.why == deep && !created.Before(s.Begun)
	}
}

// cut divides a stretch into windows of at most step.
func cut(g stretch, step time.Duration) []stretch {
	var pieces []stretch
	for from := g.From; from.Before(g.To); from = from.Add(step) {
		pieces = append(pieces, stretch{from, earlier(from.Add(step), g.To)})
	}
	return pieces
}
