package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headrace/headrace/internal/connector/file/bucket"
	"github.com/headrace/headrace/internal/connector/file/bucket/buckettest"
	"github.com/headrace/headrace/internal/connector/file/tree"
	"github.com/headrace/headrace/internal/fault"
)

func open(t *testing.T, address string, o bucket.Options) tree.Tree {
	t.Helper()
	place, err := bucket.Open(context.Background(), address, o)
	if err != nil {
		t.Fatalf("%v (%s)", err, fault.HintOf(err))
	}
	t.Cleanup(func() { _ = place.Close() })
	return place
}

// walked gives the paths of a walk, at most n of them.
func walked(t *testing.T, w tree.Walk, n int) (out []string, ended bool) {
	t.Helper()
	for len(out) < n {
		f, err := w.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return out, true
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f.Path)
	}
	return out, false
}

func content(t *testing.T, place tree.Tree, name string) (string, tree.File) {
	t.Helper()
	c, err := place.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Now()
	if err != nil {
		t.Fatal(err)
	}
	return string(text), now
}

func TestWhatIsListed(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{
		"policies/a.md": "A", "policies/hr/": "", "policies/hr/b.md": "B", "policies/hr/old/c.md": "C", "policies/.git/config": "x", "policies/hr/~$b.docx": "x",
		"policies/it/d e.md": "D", "policies-2/e.md": "E", "policies.md": "P", "f.md": "F", "ünïcode/ß.md": "U",
	})
	for name, c := range map[string]struct {
		path  string
		o     bucket.Options
		enter func(string) bool
		want  string
	}{
		"a folder":                      {path: "policies", want: "a.md hr/b.md hr/old/c.md it/d e.md"},
		"a folder with a slash":         {path: "policies/", want: "a.md hr/b.md hr/old/c.md it/d e.md"},
		"hidden ones too":               {path: "policies", o: bucket.Options{Hidden: true}, want: ".git/config a.md hr/b.md hr/old/c.md hr/~$b.docx it/d e.md"},
		"a folder that is left out":     {path: "policies", enter: func(f string) bool { return f != "hr" }, want: "a.md it/d e.md"},
		"a folder below that":           {path: "policies", enter: func(f string) bool { return f != "hr/old" }, want: "a.md hr/b.md it/d e.md"},
		"one object":                    {path: "policies.md", want: "policies.md"},
		"one object in a folder":        {path: "policies/hr/b.md", want: "b.md"},
		"everything":                    {path: "", want: "f.md policies-2/e.md policies.md policies/a.md policies/hr/b.md policies/hr/old/c.md policies/it/d e.md ünïcode/ß.md"},
		"what is not there":             {path: "nothing", want: ""},
		"a blank is written as percent": {path: "policies/it/d%20e.md", want: "d e.md"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := open(t, s.Address(c.path), c.o)
			got, _ := walked(t, place.Walk("", c.enter), 100)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %s", got, c.want)
			}
			for _, f := range got {
				if text, now := content(t, place, f); text == "" || now.Path != f {
					t.Errorf("%s: %q, %+v", f, text, now)
				}
			}
		})
	}
}

// A version is known by its ETag, in a listing as in a download.
func TestVersions(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": "one"})
	place := open(t, s.Address(""), bucket.Options{})
	find := func() tree.File {
		f, err := place.Walk("", nil).Next(context.Background())
		if err != nil || f.Tag == "" || f.Size != 3 || time.Since(f.Modified) > time.Hour || f.Modified.Location() != time.UTC {
			t.Fatalf("%+v, %v", f, err)
		}
		return f
	}
	before := find()
	if _, now := content(t, place, "a.md"); !now.Same(before) {
		t.Errorf("listed %+v, opened %+v", before, now)
	}
	s.Put("a.md", "two")
	if _, now := content(t, place, "a.md"); now.Same(before) || !now.Same(find()) {
		t.Errorf("an edit of the same size is the same: %+v, %+v", before, now)
	}
}

// A walk goes on at its place in a tree that is opened anew, whatever happened to the objects between.
func TestWalkGoesOn(t *testing.T) {
	t.Parallel()
	objects := map[string]string{}
	var want []string
	for i := range 47 {
		name := fmt.Sprintf("f%d/%03d.md", i%3, i)
		objects["docs/"+name], want = "x", append(want, name)
	}
	slices.Sort(want)
	for _, page := range []int{1, 2, 7, 10, 46, 47, 1000} {
		s := buckettest.NewS3(t, objects)
		var got []string
		after := ""
		for step := 0; ; step++ {
			w := open(t, s.Address("docs"), bucket.Options{Page: page}).Walk(after, nil)
			some, ended := walked(t, w, 5)
			got = append(got, some...)
			if ended {
				break
			}
			if after = w.Place(); step == 3 { // what the walk stands on vanishes: its page comes again, none is left out
				s.Delete("docs/" + some[len(some)-1])
			}
		}
		seen := map[string]int{}
		for _, f := range got {
			seen[f]++
		}
		if len(seen) != len(want) || len(got) > len(want)+page {
			t.Errorf("pages of %d: %d paths of which %d different, want %d", page, len(got), len(seen), len(want))
		}
	}
}

// A token that the storage no longer knows begins the listing anew.
func TestWalkWithAnOldToken(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": "x", "b.md": "x", "c.md": "x"})
	w := open(t, s.Address(""), bucket.Options{Page: 1}).Walk("", nil)
	if got, _ := walked(t, w, 2); len(got) != 2 {
		t.Fatal(got)
	}
	s.Trouble(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("continuation-token") == "" {
			return false
		}
		s.Trouble(nil)
		buckettest.Refuse(w, http.StatusBadRequest, "InvalidArgument", "The continuation token provided is incorrect")
		return true
	})
	got, ended := walked(t, open(t, s.Address(""), bucket.Options{Page: 1}).Walk(w.Place(), nil), 9)
	if !ended || strings.Join(got, " ") != "a.md b.md c.md" {
		t.Errorf("got %q, want all again", got)
	}
	for _, place := range []string{"strange", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x05ab"} {
		if got, _ := walked(t, open(t, s.Address(""), bucket.Options{}).Walk(place, nil), 9); len(got) != 3 {
			t.Errorf("a walk from %q gives %q", place, got)
		}
	}
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status   int
		code     string
		class    fault.Class
		ours     string
		reading  bool // of an object; else of the listing
		hint     string
		upstream bool
	}{
		"no right to list":        {status: 403, code: "AccessDenied", class: fault.Denied, ours: "permission_denied", hint: "s3:ListBucket"},
		"no right to read":        {status: 403, code: "AccessDenied", class: fault.Denied, ours: "permission_denied", hint: "s3:GetObject", reading: true},
		"an unknown key":          {status: 403, code: "InvalidAccessKeyId", class: fault.Denied, ours: "credentials_expired", hint: "AWS_ACCESS_KEY_ID"},
		"an old session":          {status: 400, code: "ExpiredToken", class: fault.Denied, ours: "credentials_expired", hint: "Renew"},
		"a wrong clock":           {status: 403, code: "RequestTimeTooSkewed", class: fault.Denied, ours: "clock_wrong", hint: "NTP"},
		"another region":          {status: 400, code: "AuthorizationHeaderMalformed", class: fault.Invalid, ours: "region_wrong", hint: "region="},
		"another region, moved":   {status: 301, code: "PermanentRedirect", class: fault.Invalid, ours: "region_wrong", hint: "region="},
		"no such bucket":          {status: 404, code: "NoSuchBucket", class: fault.Unavailable, ours: "bucket_missing", hint: "not taken for deleted"},
		"bucket gone at reading":  {status: 404, code: "NoSuchBucket", class: fault.Unavailable, ours: "bucket_missing", hint: "not taken for deleted", reading: true},
		"an object that vanished": {status: 404, code: "NoSuchKey", class: fault.NotFound, ours: "file_vanished", reading: true},
		"an object in the vault":  {status: 403, code: "InvalidObjectState", class: fault.Invalid, ours: "object_archived", hint: "Restore", reading: true},
		"too fast":                {status: 503, code: "SlowDown", class: fault.Throttled, ours: "storage_busy", hint: "slow down"},
		"too fast at reading":     {status: 503, code: "SlowDown", class: fault.Throttled, ours: "storage_busy", hint: "slow down", reading: true},
		"trouble of its own":      {status: 500, code: "InternalError", class: fault.Unavailable, ours: "storage_error", hint: "tried again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := buckettest.NewS3(t, map[string]string{"a.md": "x"})
			place := open(t, s.Address(""), bucket.Options{})
			s.Trouble(func(w http.ResponseWriter, r *http.Request) bool {
				buckettest.Refuse(w, c.status, c.code, "Words of the service")
				return true
			})
			var err error
			if c.reading {
				_, err = place.Open(context.Background(), "a.md")
			} else {
				_, err = place.Walk("", nil).Next(context.Background())
			}
			f, ok := fault.As(err)
			if !ok || f.Class != c.class || f.Code != c.ours || !strings.Contains(f.Hint, c.hint) {
				t.Fatalf("%v: %+v", err, f)
			}
			if !strings.Contains(err.Error(), "Words of the service") || f.Upstream == nil || f.Upstream.Code != c.code || f.Upstream.Status != c.status || f.Upstream.RequestID != "REQ1" {
				t.Errorf("%v, %+v", err, f.Upstream)
			}
			if _, again := bucket.Open(context.Background(), s.Address(""), bucket.Options{}); !c.reading && fault.ClassOf(again) != c.class {
				t.Errorf("opening it anew: %v", again)
			}
		})
	}
}

func TestASilentStorage(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": strings.Repeat("x", 10_000)})
	place := open(t, s.Address(""), bucket.Options{Stall: 50 * time.Millisecond})
	patient := open(t, s.Address(""), bucket.Options{Stall: 2 * time.Second}) // for what begins, on a busy machine too
	hang := func(before func(http.ResponseWriter)) {
		s.Trouble(func(w http.ResponseWriter, r *http.Request) bool {
			before(w)
			<-r.Context().Done()
			return true
		})
	}
	silent := func(what string, err error) {
		t.Helper()
		if f, ok := fault.As(err); !ok || f.Class != fault.Unavailable || f.Code != "storage_silent" {
			t.Errorf("%s: %v", what, err)
		}
	}
	hang(func(http.ResponseWriter) {})
	_, err := place.Walk("", nil).Next(context.Background())
	silent("a listing", err)
	_, err = place.Open(context.Background(), "a.md")
	silent("opening", err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := place.Open(ctx, "a.md"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	hang(func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "10000")
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = io.WriteString(w, "beginning")
		w.(http.Flusher).Flush()
	})
	c, err := patient.Open(context.Background(), "a.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = io.ReadAll(c)
	silent("a download", err)
}

// A connection that breaks in the middle is no end of the file.
func TestABrokenDownload(t *testing.T) {
	t.Parallel()
	s := buckettest.NewS3(t, map[string]string{"a.md": strings.Repeat("x", 10_000)})
	place := open(t, s.Address(""), bucket.Options{})
	s.Trouble(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "10000")
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = io.WriteString(w, "beginning")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	c, err := place.Open(context.Background(), "a.md")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if text, err := io.ReadAll(c); fault.ClassOf(err) != fault.Unavailable || string(text) != "beginning" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	_, err := bucket.Open(context.Background(), "s3://contoso/a?region=us-east-1&use_path_style=true&endpoint=http://127.0.0.1:1", bucket.Options{})
	if f, ok := fault.As(err); !ok || f.Class != fault.Unavailable || f.Hint == "" {
		t.Errorf("%v", err)
	}
	_, err = bucket.Open(context.Background(), "s3://contoso/a?endpoint=http://127.0.0.1:1", bucket.Options{})
	if f, ok := fault.As(err); !ok || f.Class != fault.Invalid || f.Code != "region_missing" {
		t.Errorf("%v", err)
	}
	_, err = bucket.Open(context.Background(), "s3://contoso/a?region=us-east-1&dualstack=perhaps", bucket.Options{})
	if f, ok := fault.As(err); !ok || f.Class != fault.Invalid || f.Code != "address_wrong" || !strings.Contains(err.Error(), "perhaps") {
		t.Errorf("%v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"s3://contoso":                            "",
		"s3://contoso/a/b?region=eu-central-1":    "",
		"gs://contoso/a":                          "",
		"azblob://docs/a?storage_account=contoso": "",
		"s3:///a":                 "no bucket",
		"s3://key:hush@contoso/a": "before the @",
		"s3://contoso/a?aws_secret_access_key=hush":      "AWS_ACCESS_KEY_ID",
		"azblob://docs?sv=2024&sig=hush":                 "AZURE_STORAGE_SAS_TOKEN",
		"gs://contoso?token=hush":                        "GOOGLE_APPLICATION_CREDENTIALS",
		"s3://contoso?prefix=hush":                       "written as the path",
		"s3://contoso?region=a&region=b":                 "twice",
		"s3://contoso/a#b":                               "%23",
		"s3://contoso?%zz=hush":                          "",
		"ftp://contoso/a":                                "ftp:// is not something",
		"https://contoso.blob.core.windows.net/a?s=hush": "https:// is not something",
	} {
		got := bucket.Problem(address)
		if want == "" && !strings.Contains(address, "%zz") && got != "" || !strings.Contains(got, want) || strings.Contains(got, "hush") {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
