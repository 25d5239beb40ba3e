package file

import (
	"fmt"
	"path/filepath"

	"github.com/headrace/headrace/internal/fault"
)

// forgotten is a folder that a receipt speaks of and that knows nothing of headrace: most likely a disk that is not
// mounted. Writing there would hide the records below the mount point.
func (d *destination) forgotten(state string) error {
	return &fault.Error{Class: fault.Denied, Code: "folder_forgotten",
		Title: fmt.Sprintf("%s is missing, but flow %q wrote there before", state, d.flow),
		Hint:  fmt.Sprintf("Is the disk mounted that %s should be on? If the folder was emptied or replaced on purpose, run: mkdir -p '%s'. Then it goes on with new files.", d.path, state)}
}

// mismatch is a receipt that does not fit the journal: one of the two is from a backup. Nothing is touched.
func (d *destination) mismatch(after *receipt) error {
	newest := d.journal.newest
	slots := slotNames(filepath.Join(d.path, stateDir), d.flow)
	accept := fmt.Sprintf("To go on with the files as they are, stop headrace and remove %s and %s.", slots[0], slots[1])
	e := &fault.Error{Class: fault.Denied, Code: "receipt_mismatch"}
	switch {
	case d.journal.broken > 0 && (newest == nil || newest.Life == after.Life && newest.Seq < after.Seq):
		e.Code, e.Title = "journal_damaged", fmt.Sprintf("the journal of flow %q in %s is damaged", d.flow, d.path)
		e.Hint = "See the system's log for trouble with the disk. " + accept + " At most the last batch is then there twice."
	case newest.Life != after.Life:
		e.Title = fmt.Sprintf("the files in %s were written by another history of flow %q", d.path, d.flow)
		e.Hint = "Either the data folder of headrace or these files come from a backup or another machine. Put back the two that belong together. " + accept + " Some records may then be there twice."
	case newest.Seq < after.Seq:
		e.Title = fmt.Sprintf("the files in %s are older than what flow %q delivered: %d writes are missing", d.path, d.flow, after.Seq-newest.Seq)
		e.Hint = "The folder seems to come from a backup. Put the newer files back. " + accept + " Then fetch what is missing with: headrace flow backfill."
	default:
		e.Title = fmt.Sprintf("the files in %s are newer than what flow %q remembers: %d writes too many", d.path, d.flow, newest.Seq-after.Seq)
		e.Hint = "The data folder of headrace seems to come from a backup. Put the newer one back. " + accept + " What was delivered since that backup will then be there twice."
	}
	return e
}
