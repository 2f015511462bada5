// Package auditlog is a log in a folder that nobody can change unnoticed: the lines
// are the leaves of a Merkle tree (RFC 6962, section 2.1), and heads of the tree are
// signed (the form of C2SP's tlog-checkpoint and signed-note).
//
//	log, cut, err := Open(files, happened) // under the store's lock; heals a cut-off append
//	checkpoint, err := log.Append(line, signers, act, happened)
//	view, err := Read(files)                // without a lock
//	faults := view.Faults()                // every hash again; SignedBy and Vouched for signatures
//
// # Files
//
//	entries.jsonl   one line of canonical JSON for each entry
//	hashes          the tree's hashes, 32 bytes each, in the order of tlog.StoredHashIndex
//	checkpoints     signed heads, one after the other, each ends in an empty line
//	head.json       origin, size, root, and how many bytes of the others count
//
// # Appending
//
// The line is on the disk before the caller acts (renames a manifest, moves a
// pointer), and the head is replaced after that. The head is the acknowledgement: what
// lies beyond it is an append that was cut off, and that is one line at most. The next
// Open asks whether its deed happened: then the entry is kept, else it is cut. So a
// deed has its entry, and a cut-off entry had no deed, whenever the process dies.
//
// # What it proves
//
// A head that somebody kept elsewhere pins every entry before it. Without one, what
// was signed pins them against all who lack the key, as long as the signer refuses a log that does
// not hold its own newest head (package datasets keeps that beside the key). Entries after the last signed or kept
// head can be rewritten by whoever can write the folder.
package auditlog
