package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/headrace/headrace/internal/connector"
	"github.com/headrace/headrace/internal/fault"
	"github.com/headrace/headrace/internal/store"
)

// A Plan says what a mirror's crawl would do now.
type Plan struct {
	Creates   int64     `json:"creates"`
	Updates   int64     `json:"updates"`
	Deletes   int64     `json:"deletes"`
	Refused   int64     `json:"refused"` // records that would become dead letters
	Unchanged int64     `json:"unchanged"`
	Dropped   int64     `json:"dropped"`           // records that the transform leaves out
	Waits     string    `json:"waits,omitempty"`   // why the deletes would wait for approval
	Doubt     []string  `json:"doubt,omitempty"`   // why nothing is deleted as absent
	Samples   []Planned `json:"samples,omitempty"` // some of each kind
}

// A Planned is one thing that a crawl would do.
type Planned struct {
	What   string   `json:"what"` // create, update, delete, refuse
	Item   string   `json:"item,omitempty"`
	Record string   `json:"record,omitempty"` // the source's key
	Why    string   `json:"why,omitempty"`
	Hint   string   `json:"hint,omitempty"`
	Notes  []string `json:"notes,omitempty"` // what is left out of the item
}

// planner compares a mirror's source with the inventory and changes nothing. It keeps eight bytes for each key that the
// source has.
type planner struct {
	engine  *Engine
	source  *Source
	flow    *Flow
	make    *assembler
	plan    Plan
	samples int // of each kind
	taken   map[string]int

	seen    []int64         // hashes of the items that the source has
	refused map[int64]bool  // hashes of refused records' keys: their items stay
	sound   map[int64]int64 // splits that need no reading, with the crawl that read them: their items stay
	gone    map[int64]bool  // hashes of items that the source says are deleted
	absent  []Planned       // some of the items that the source no longer has
}

// Plan says what a crawl of a mirror flow would do now: it lists and reads the source, and sends nothing. samples is how
// many things of each kind it names.
func (e *Engine) Plan(ctx context.Context, object store.Object, samples int) (Plan, error) {
	flow, flowDone, err := e.open.flow(ctx, object.ID)
	if err != nil {
		return Plan{}, err
	}
	defer flowDone()
	source, sourceDone, err := e.open.source(ctx, object.SourceID)
	if err != nil {
		return Plan{}, err
	}
	defer sourceDone()
	if !flow.Mirror {
		return Plan{}, &fault.Error{Class: fault.Invalid, Code: "not_a_mirror", Title: fmt.Sprintf("flow %q appends: there is nothing to compare with", object.Name),
			Hint: "headrace flow backfill " + object.Name + " --from TIME --dry-run tells what a piece of time has"}
	}
	p := &planner{engine: e, source: source, flow: flow, samples: samples, taken: map[string]int{}, refused: map[int64]bool{}, sound: map[int64]int64{}, gone: map[int64]bool{},
		make: &assembler{turn: &turn{engine: e, flow: flow, source: source}, inHand: newInHand()}}
	if err := p.readAll(ctx); err != nil {
		return Plan{}, err
	}
	return p.plan, p.compareAbsent(ctx)
}

// readAll lists the source from its beginning and reads what a crawl would read.
func (p *planner) readAll(ctx context.Context) error {
	var cursor connector.Cursor
	for {
		found, err := p.source.Enumerate(ctx, cursor)
		if err != nil {
			return fmt.Errorf("list %s: %w", p.source.Object.Name, err)
		}
		for _, failed := range found.Failed {
			p.doubt("%s could not be listed: %v", failed.Stream, failed.Err)
		}
		if err := p.readSome(ctx, found.Splits); err != nil {
			return err
		}
		if !found.More {
			if !found.Complete {
				p.doubt("the source does not list everything it has")
			}
			return nil
		}
		cursor = found.Cursor
	}
}

func (p *planner) doubt(format string, args ...any) {
	if len(p.plan.Doubt) < 20 {
		p.plan.Doubt = append(p.plan.Doubt, fmt.Sprintf(format, args...))
	}
}

func (p *planner) readSome(ctx context.Context, splits []connector.Split) error {
	ids := make([]string, len(splits))
	for i, split := range splits {
		ids[i] = split.ID
	}
	sound, err := p.engine.store.SoundSplits(ctx, p.flow.Object, p.flow.revision, ids)
	if err != nil {
		return err
	}
	for _, split := range splits {
		if one, ok := sound[split.ID]; ok {
			p.sound[one.Row] = one.Since
			continue
		}
		if err := p.read(ctx, split); err != nil {
			return err
		}
	}
	return nil
}

// read takes one split's records by the chunk.
func (p *planner) read(ctx context.Context, split connector.Split) error {
	c := newChunk(chunkBytes)
	for r, err := range p.source.Read(ctx, split, 0) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !refusesRecord(err) {
			p.doubt("%s could not be read: %v", split.ID, err)
			break
		}
		r = p.make.turn.complete(r, split)
		if c.add(r, err) {
			continue
		}
		if err := p.take(ctx, c); err != nil {
			return err
		}
		c = newChunk(chunkBytes)
		c.add(r, err)
	}
	return p.take(ctx, c)
}

// take says what would become of a chunk's records.
func (p *planner) take(ctx context.Context, c *chunk) error {
	if err := p.make.turn.foresee(ctx, c); err != nil {
		return err
	}
	if err := p.make.look(ctx, c); err != nil {
		return err
	}
	made := c.made
	for i, r := range c.records {
		switch refused := errors.Join(c.refused[i], made[i].err); {
		case refused != nil:
			p.refuse(r, refused)
		case len(made[i].outs) == 0:
			p.plan.Dropped++
		default:
			for _, o := range made[i].outs {
				if err := p.out(ctx, r, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *planner) out(ctx context.Context, source connector.Record, o out) error {
	switch {
	case o.Op == connector.Delete:
		return p.delete(ctx, o.Key)
	case source.Key == "":
		p.refuse(source, errNoKey())
	case o.err != nil:
		p.refuse(source, o.err)
	default:
		for _, item := range o.prepared {
			p.compare(source, item)
		}
	}
	return nil
}

func (p *planner) compare(source connector.Record, item connector.Prepared) {
	hash := store.KeyHash(item.Key)
	delete(p.gone, hash)
	p.seen = append(p.seen, hash)
	known, ok := p.make.known[item.Key]
	planned := Planned{What: "create", Item: item.Key, Record: source.Key, Notes: item.Notes}
	switch {
	case !ok:
		p.plan.Creates++
	case known.State != store.Sent:
		planned.What, planned.Why = "update", "the last attempt to send it did not end well"
		p.plan.Updates++
	case known.Content != item.Content:
		planned.What, planned.Why = "update", "its content changed"
		p.plan.Updates++
	case known.ACL != item.ACL:
		planned.What, planned.Why = "update", "who may see it changed"
		p.plan.Updates++
	default:
		return // unchanged: counted with those that were not read
	}
	p.sample(planned)
}

func (p *planner) refuse(r connector.Record, why error) {
	p.plan.Refused++
	if r.Key == "" {
		p.doubt("a record without a key was refused")
	}
	p.refused[store.KeyHash(r.Key)] = true
	p.sample(Planned{What: "refuse", Record: r.Key, Why: why.Error(), Hint: fault.HintOf(why)})
}

// delete is a delete that the source names.
func (p *planner) delete(ctx context.Context, sourceKey string) error {
	if p.flow.Rules.Deletes == "never" {
		p.plan.Dropped++
		return nil
	}
	items, err := p.engine.store.ItemsOf(ctx, p.flow.Object.DestinationID, sourceKey)
	for _, item := range items {
		p.gone[store.KeyHash(item.Key)] = true
	}
	return err
}

func (p *planner) sample(planned Planned) {
	if p.taken[planned.What]++; p.taken[planned.What] <= p.samples {
		p.plan.Samples = append(p.plan.Samples, planned)
	}
}

// compareAbsent goes through the inventory: what of it would be deleted, and what stays as it is.
func (p *planner) compareAbsent(ctx context.Context) error {
	slices.Sort(p.seen)
	var (
		all, kept, absent int64
		held              []int64 // hashes of what splits that need no reading hold
	)
	const page = 1000
	for after, last := int64(math.MinInt64), int64(math.MinInt64); ; {
		items, err := p.engine.store.Inventory(ctx, p.flow.Object.DestinationID, after, page)
		if err != nil || len(items) == 0 {
			p.settle(all, kept, absent)
			return err
		}
		for _, item := range items {
			after = store.KeyHash(item.Key)
			all++
			if after > last || all == 1 {
				if held, last, err = p.engine.store.SeenBeside(ctx, p.flow.Object.DestinationID, after, p.isSound); err != nil {
					return err
				}
			}
			_, seen := slices.BinarySearch(p.seen, after)
			_, stays := slices.BinarySearch(held, after)
			switch {
			case p.gone[after]:
				p.plan.Deletes++
				p.sample(Planned{What: "delete", Item: item.Key, Why: "its source says so"})
			case seen || stays || p.isSound(item.SplitID, item.Crawl) || p.refused[item.SourceHash]:
				kept++
			default:
				if absent++; absent <= int64(p.samples) {
					p.absent = append(p.absent, Planned{What: "delete", Item: item.Key, Why: "the source no longer has it"})
				}
			}
		}
	}
}

// isSound tells whether what a crawl found in a split is still in it though it need not be read.
func (p *planner) isSound(split, crawl int64) bool {
	since, ok := p.sound[split]
	return ok && crawl >= since
}

// settle says what becomes of the items that the source does not have.
func (p *planner) settle(all, kept, absent int64) {
	p.plan.Unchanged = max(0, kept-p.plan.Updates)
	switch {
	case absent == 0:
		return
	case p.flow.Rules.Deletes != "absence":
		p.doubt("%d items are not in the source; the flow's deletes: %s leaves them", absent, p.flow.Rules.Deletes)
	case len(p.plan.Doubt) == 0:
		p.plan.Deletes += absent
		p.plan.Waits = guard(p.flow.Rules, all, absent)
		for _, item := range p.absent {
			p.sample(item)
		}
		return
	}
	p.plan.Unchanged += absent
}
