package m365sim

import "time"

// A Scenario says what the simulator plays. Begin with DefaultScenario and change what matters; a Scenario that is
// read by ParseScenario has the same defaults. README.md describes every key.
type Scenario struct {
	Seed          uint64            `yaml:"seed"`          // same seed, same tenants, records and faults
	Start         time.Time         `yaml:"start"`         // where the clock begins; zero: at the machine's time
	Clock         string            `yaml:"clock"`         // running or standing
	Skew          Duration          `yaml:"skew"`          // how far the service's time is ahead of the clock
	Cloud         string            `yaml:"cloud"`         // worldwide, gcc, gcc-high or dod: which audiences are known
	TokenLifetime Duration          `yaml:"tokenLifetime"` // of access tokens
	Latency       map[string]string `yaml:"latency"`       // by operation; any: for the rest
	HTTP2         bool              `yaml:"http2"`
	Gzip          bool              `yaml:"gzip"`        // compress for clients that ask for it
	Cache         Bytes             `yaml:"cache"`       // rendered blobs kept in memory
	ErrorStatus   map[string]int    `yaml:"errorStatus"` // AF code: HTTP status, where the real one is uncertain
	Limits        Limits            `yaml:"limits"`
	Paging        Paging            `yaml:"paging"`
	Subscriptions SubscriptionRules `yaml:"subscriptionRules"`
	Webhooks      WebhookRules      `yaml:"webhooks"`
	Graph         GraphRules        `yaml:"graph"`
	Lenient       Lenient           `yaml:"lenient"`
	Content       Content           `yaml:"content"` // for each tenant that has none of its own
	Tenants       []Tenant          `yaml:"tenants"`
	Blobs         []SpecialBlob     `yaml:"blobs"`
	Faults        []Fault           `yaml:"faults"`
}

// Limits are the feed's request quotas. Zero means no limit.
type Limits struct {
	RequestsPerMinute      int      `yaml:"requestsPerMinute"`      // for each tenant
	ZeroPublisherPerMinute int      `yaml:"zeroPublisherPerMinute"` // shared by all requests without PublisherIdentifier
	Burst                  int      `yaml:"burst"`                  // requests at once; 0: ten seconds' worth
	Status                 int      `yaml:"status"`                 // 403 (as documented) or 429 (as seen)
	RetryAfter             Duration `yaml:"retryAfter"`             // 0: no Retry-After header
}

// Paging shapes listings.
type Paging struct {
	Size           int      `yaml:"size"`           // items in a page
	Header         string   `yaml:"header"`         // how NextPageUri is spelt over HTTP/1.1; mixed: another way each time
	Path           string   `yaml:"path"`           // v1.0, or v1 as in a documented sample
	LowerCaseTimes bool     `yaml:"lowerCaseTimes"` // starttime= and endtime= in NextPageUri
	EmptyShare     float64  `yaml:"emptyShare"`     // share of pages that come empty, with a next page
	TokenLifetime  Duration `yaml:"tokenLifetime"`  // of a nextPage token
	Shuffle        bool     `yaml:"shuffle"`        // list in no particular order
}

// SubscriptionRules are the waits of the subscription operations.
type SubscriptionRules struct {
	StartGap     Duration `yaml:"startGap"`     // between two starts that change one subscription
	FirstContent Duration `yaml:"firstContent"` // from a first start to the first content
}

// WebhookRules are the ways of the webhook caller.
type WebhookRules struct {
	AllowRemote  bool     `yaml:"allowRemote"`  // call hosts that aren't loopback
	BatchSize    int      `yaml:"batchSize"`    // notifications in one POST
	FirstRetry   Duration `yaml:"firstRetry"`   // the gap doubles from here
	DisableAfter int      `yaml:"disableAfter"` // failed attempts in a row
	Timeout      Duration `yaml:"timeout"`      // of one POST, in the machine's time
}

// Lenient makes the simulator accept what the real service was seen to accept but nobody should rely on.
type Lenient struct {
	TenantFromToken    bool `yaml:"tenantFromToken"`    // any GUID in the URL; the token decides
	HistoryBeforeStart bool `yaml:"historyBeforeStart"` // a new subscription lists what was there before
}

// A Tenant is one simulated organisation.
type Tenant struct {
	Name          string            `yaml:"name"`
	Count         int               `yaml:"count"` // more than 1: so many tenants, named NAME-0001 and on
	ID            string            `yaml:"id"`
	Domain        string            `yaml:"domain"`
	Cloud         string            `yaml:"cloud"`    // where the tenant lives; default the scenario's
	AuditLog      string            `yaml:"auditLog"` // on or off
	Subscriptions map[string]string `yaml:"subscriptions"`
	Apps          []App             `yaml:"apps"`
	Content       *Content          `yaml:"content"`
	Connections   []GraphConnection `yaml:"connections"` // of Microsoft Graph, that are there at the start
}

// A GraphConnection is an external connection that is there at the start.
type GraphConnection struct {
	ID              string           `yaml:"id"`
	Owner           string           `yaml:"owner"` // name or client ID of the app that made it; empty: an app that nobody has
	Name            string           `yaml:"name"`  // empty: the ID
	Description     string           `yaml:"description"`
	ContentCategory string           `yaml:"contentCategory"`
	Schema          []map[string]any `yaml:"schema"` // properties, as in Graph's JSON; none: a draft
	Items           int              `yaml:"items"`  // made-up ones
}

// An App is an app registration with its service principal in the tenant.
type App struct {
	Name         string        `yaml:"name"`
	ID           string        `yaml:"id"` // the client ID
	Roles        []string      `yaml:"roles"`
	Disabled     bool          `yaml:"disabled"`
	Secrets      []Secret      `yaml:"secrets"`
	Certificates []Certificate `yaml:"certificates"`
}

// A Secret is a client secret. It protects nothing: the simulator shows it to whoever asks.
type Secret struct {
	ID      string    `yaml:"id"`
	Value   string    `yaml:"value"`
	Expires time.Time `yaml:"expires"` // zero: never
}

// A Certificate is what an app may sign client assertions with.
type Certificate struct {
	PEM string `yaml:"pem"`
}

// Content says what a tenant's feed carries.
type Content struct {
	Events          int                `yaml:"events"`          // in the history that is there at the start
	History         Duration           `yaml:"history"`         // how far that goes back
	EventsPerMinute float64            `yaml:"eventsPerMinute"` // new ones, as the clock goes on
	BlobEvery       Duration           `yaml:"blobEvery"`       // how often new blobs appear
	RecordsPerBlob  Span               `yaml:"recordsPerBlob"`
	RecordBytes     Bytes              `yaml:"recordBytes"` // pads each record to at least this; 0: as it comes
	Types           map[string]float64 `yaml:"types"`       // weight by content type
	SameTimeShare   float64            `yaml:"sameTimeShare"`
	Late            Late               `yaml:"late"`
	Partial         Partial            `yaml:"partial"`
	Repeat          Repeat             `yaml:"repeat"`
	DLPTwice        bool               `yaml:"dlpTwice"`    // DLP records of Exchange and SharePoint come through those too
	ShuffleKeys     bool               `yaml:"shuffleKeys"` // another key order at each read
}

// Late makes blobs appear in listings after others that are newer.
type Late struct {
	Share float64  `yaml:"share"`
	By    Duration `yaml:"by"` // at most so long after contentCreated
}

// Partial makes new blobs give only some of their records until they have settled.
type Partial struct {
	Share        float64  `yaml:"share"`
	Settle       Duration `yaml:"settle"`
	OnExactStart bool     `yaml:"onExactStart"` // also blobs listed by a startTime equal to their contentCreated
}

// Repeat makes records come again, in another blob.
type Repeat struct {
	Share float64  `yaml:"share"` // of all records
	After Duration `yaml:"after"`
}

// A SpecialBlob is one blob made by hand.
type SpecialBlob struct {
	Tenant      string   `yaml:"tenant"` // empty: the first
	ContentType string   `yaml:"contentType"`
	Age         Duration `yaml:"age"`   // at the start; negative: it appears later
	Count       int      `yaml:"count"` // so many of them
	Records     int      `yaml:"records"`
	RecordBytes Bytes    `yaml:"recordBytes"`
	Kind        string   `yaml:"kind"` // see blobKinds
}

// DefaultScenario is one tenant with five thousand events of the last three days, the documented limits, no faults.
func DefaultScenario() Scenario {
	return Scenario{
		Seed:          1,
		Clock:         "running",
		Cloud:         "worldwide",
		TokenLifetime: Duration(time.Hour),
		HTTP2:         true,
		Cache:         64 << 20,
		Limits:        Limits{RequestsPerMinute: 2000, ZeroPublisherPerMinute: 100, Status: 403},
		Paging:        Paging{Size: 200, Header: "NextPageUri", Path: "v1.0", TokenLifetime: Duration(24 * time.Hour)},
		Subscriptions: SubscriptionRules{StartGap: Duration(15 * time.Minute)},
		Webhooks: WebhookRules{
			BatchSize: 50, FirstRetry: Duration(time.Minute), DisableAfter: 8, Timeout: Duration(10 * time.Second),
		},
		Graph: QuickGraph(),
		Content: Content{
			Events:         5000,
			History:        Duration(3 * 24 * time.Hour),
			BlobEvery:      Duration(time.Minute),
			RecordsPerBlob: Span{Min: 1, Max: 300},
		},
		Tenants: []Tenant{{Name: "contoso"}},
	}
}

var defaultWeights = [typeCount]float64{
	typeAAD: 0.22, typeExchange: 0.30, typeSharePoint: 0.30, typeGeneral: 0.15, typeDLP: 0.03,
}

// weights gives the share of each content type.
func (c Content) weights() [typeCount]float64 {
	given := defaultWeights
	if len(c.Types) > 0 {
		given = [typeCount]float64{}
		for name, weight := range c.Types {
			given[typeIndex(name)] = weight
		}
	}
	total := 0.0
	for _, w := range given {
		total += w
	}
	for i := range given {
		given[i] /= total
	}
	return given
}
