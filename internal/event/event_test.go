package event

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/headrace/headrace/internal/store"
	"github.com/headrace/headrace/internal/store/storetest"
)

// nodes is a store of several nodes that hear each other.
type nodes struct {
	mu     sync.Mutex
	told   func(store.Change)
	all    *[]*nodes
	heard  func(string)
	shared bool
}

func (n *nodes) Watch(told func(store.Change)) { n.told = told }
func (n *nodes) Shared() bool                  { return n.shared }
func (n *nodes) Now() time.Time                { return time.Now() }

func (n *nodes) Notify(_ context.Context, notice string) error {
	for _, other := range *n.all {
		other.mu.Lock()
		heard := other.heard
		other.mu.Unlock()
		if heard != nil {
			heard(notice)
		}
	}
	return nil
}

func (n *nodes) Listen(ctx context.Context, heard func(string), _ func()) {
	n.mu.Lock()
	n.heard = heard
	n.mu.Unlock()
	<-ctx.Done()
}

func (n *nodes) ObjectsWithIDs(_ context.Context, ids []int64) (map[int64]store.Object, error) {
	found := map[int64]store.Object{}
	for _, id := range ids {
		found[id] = store.Object{ID: id, UID: fmt.Sprintf("o%d", id), Name: fmt.Sprintf("name%d", id)}
	}
	return found, nil
}

func (n *nodes) RunsWithIDs(_ context.Context, ids []int64) (map[int64]store.Run, error) {
	found := map[int64]store.Run{}
	for _, id := range ids {
		found[id] = store.Run{ID: id, UID: fmt.Sprintf("run%d", id), FlowID: 7}
	}
	return found, nil
}

func hubs(ctx context.Context, count int, wait *sync.WaitGroup) ([]*Hub, []*nodes) {
	var (
		all  []*nodes
		made []*Hub
	)
	for i := range count {
		n := &nodes{shared: count > 1}
		all = append(all, n)
		h := New(n, fmt.Sprintf("n%d", i), slog.New(slog.DiscardHandler))
		made = append(made, h)
		wait.Go(func() { _ = h.Run(ctx) })
	}
	for _, n := range all {
		n.all = &all
	}
	return made, all
}

func drain(s *Stream) []Event {
	var all []Event
	for {
		select {
		case e := <-s.C:
			all = append(all, e)
		default:
			return all
		}
	}
}

func TestOneThingIsToldOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		hub, st := hubs(ctx, 1, &running)
		synctest.Wait()
		st[0].told(store.Change{Kind: "flow", ID: 1}) // nobody listens
		s := hub[0].Listen(0)
		for range 300 {
			st[0].told(store.Change{Kind: "progress", ID: 1})
			st[0].told(store.Change{Kind: "run", ID: 5})
			pass(10 * time.Millisecond)
		}
		pass(2 * time.Second)
		synctest.Wait()
		count := map[string]int{}
		for _, e := range drain(s) {
			count[e.Kind+" "+e.ID+" "+e.Name]++
		}
		if len(count) != 2 || count["progress o1 name1"] < 3 || count["progress o1 name1"] > 4 || count["run run5 name7"] > 4 {
			t.Errorf("%v", count)
		}
		s.Close()
		stop()
		running.Wait()
	})
}

func TestWhoComesBackMissesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		hub, st := hubs(ctx, 1, &running)
		s := hub[0].Listen(0)
		st[0].told(store.Change{Kind: "flow", ID: 1})
		pass(2 * time.Second)
		last := drain(s)[0]
		s.Close()
		st[0].told(store.Change{Kind: "flow", ID: 2})
		pass(5 * time.Second)
		s = hub[0].Listen(last.Seq)
		if got := drain(s); len(got) != 1 || got[0].ID != "o2" {
			t.Errorf("after a moment: %+v", got)
		}
		s.Close()
		pass(time.Hour)
		st[0].told(store.Change{Kind: "flow", ID: 3}) // nobody listens, and nobody came back for long
		pass(2 * time.Second)
		s = hub[0].Listen(last.Seq + 1)
		if got := drain(s); len(got) != 1 || got[0].Kind != Reset {
			t.Errorf("after an hour: %+v", got)
		}
		for n := range 2 * backlog { // and is slow
			st[0].told(store.Change{Kind: "flow", ID: int64(100 + n)})
		}
		pass(3 * time.Second)
		drain(s)
		st[0].told(store.Change{Kind: "flow", ID: 1})
		pass(3 * time.Second)
		if got := drain(s); len(got) != 1 || got[0].Kind != Reset {
			t.Errorf("one who was slow: %+v", got)
		}
		stop()
		running.Wait()
	})
}

func TestNodesHearEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		hub, st := hubs(ctx, 2, &running)
		synctest.Wait()
		s := hub[1].Listen(0)
		for n := range 200 { // more than one notice holds
			st[0].told(store.Change{Kind: "progress", ID: int64(n + 1)})
		}
		pass(3 * time.Second)
		if got := drain(s); len(got) != 200 {
			t.Errorf("%d events", len(got))
		}
		stop()
		running.Wait()
	})
}

func TestTheStreamOfARealStore(t *testing.T) {
	t.Parallel()
	storetest.EachDatabase(t, func(t *testing.T, d *storetest.Database) {
		ctx, stop := context.WithCancel(t.Context())
		writer, reader := d.Open(t), (*store.Store)(nil)
		if reader = writer; d.Shared {
			reader = d.Open(t)
		}
		var running sync.WaitGroup
		log := slog.New(slog.DiscardHandler)
		hub := New(reader, "reader", log)
		running.Go(func() { _ = hub.Run(ctx) })
		if d.Shared {
			other := New(writer, "writer", log)
			running.Go(func() { _ = other.Run(ctx) })
		}
		server := httptest.NewServer(hub)
		t.Cleanup(func() { stop(); server.CloseClientConnections(); server.Close(); running.Wait() })
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"?kind=source", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
			t.Errorf("content type %s", kind)
		}
		found := make(chan string)
		go func() {
			defer close(found)
			for lines := bufio.NewScanner(res.Body); lines.Scan(); {
				found <- lines.Text()
			}
		}()
		tick := time.NewTicker(200 * time.Millisecond) // the other node may not listen yet
		defer tick.Stop()
		var lines []string
		for n := 0; ; {
			select {
			case <-tick.C:
				n++
				for _, kind := range []string{store.Destination, store.Source} {
					if _, err := writer.CreateObject(ctx, store.Object{Kind: kind, Name: fmt.Sprintf("s%d", n), Spec: []byte(`{}`)}, nil); err != nil {
						t.Fatal(err)
					}
				}
			case line := <-found:
				lines = append(lines, line)
				if strings.HasPrefix(line, "data: ") && strings.Contains(line, `"name":"s`) {
					if text := strings.Join(lines, "\n"); !strings.Contains(text, "retry: 2000") || !strings.Contains(text, "event: source") || !strings.Contains(text, "id: reader.") || strings.Contains(text, "destination") {
						t.Errorf("stream:\n%s", text)
					}
					return
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("no event came: %q", lines)
			}
		}
	})
}

// pass lets time go by in a bubble.
func pass(d time.Duration) { <-time.After(d) }

// Who hears nothing for longer than this takes the server for gone.
func TestAStreamSaysThatItIsHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		all, _ := hubs(ctx, 1, &running)
		listening, leave := context.WithTimeout(ctx, 25*time.Second)
		defer leave()
		heard := httptest.NewRecorder()
		all[0].ServeHTTP(heard, httptest.NewRequestWithContext(listening, http.MethodGet, "/?kind=source", nil))
		stop()
		running.Wait()
		if n := strings.Count(heard.Body.String(), "event: here\ndata: {}\n\n"); n != 2 {
			t.Errorf("%d signs of life in 25 s:\n%s", n, heard.Body)
		}
	})
}
