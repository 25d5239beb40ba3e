package fileset

import "testing"

func TestAChangeShowsATextAsItIsWritten(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"plain"`:                     "plain",
		`"\"https://x/\" + .slug"`:    `"https://x/" + .slug`,
		`"[{type: \"everyone\"}]"`:    `[{type: "everyone"}]`,
		`"two\nlines"`:                `"two\nlines"`,
		`["a","b"]`:                   `["a","b"]`,
		`null`:                        "null",
		`12`:                          "12",
		`"C:\\docs, and \"friends\""`: `C:\docs, and "friends"`,
	} {
		if got := shown([]byte(raw)); got != want {
			t.Errorf("%s is shown as %s, want %s", raw, got, want)
		}
	}
}
