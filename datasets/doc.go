// Package datasets turns exports into snapshots and opens snapshots for reading.
// It tells one story in four steps:
//
//	key, _ := datasets.ReadKey(file)               // the project's key
//	store, _ := datasets.CreateStore(dir)            // a folder of snapshots
//	report, _ := datasets.Extract(ctx, store, req) // FHIR in, de-identified Parquet out
//	sn, _ := store.Current("extract")
//	datasets.Attach(ctx, session, sn, key)         // true dates, in memory only
//
// Raw records live in memory between the reader (datasets/fhir) and the policy
// (datasets/internal/deid), and nowhere else: only a de-identified record can be
// written.
//
// # Snapshots
//
// Everything durable is a snapshot: a manifest that names Parquet objects by
// their SHA-256, written once and never changed. Its ID is the SHA-256 of its
// own canonical JSON, which lists the hash of every object and of every input,
// so a number on a page leads back through hashes to the files it came from.
// Equal inputs give equal IDs. When a snapshot was made and how long that took is
// not in it: the ledger of package jobs has that of every run.
//
// A [Store] is the folder that holds them:
//
//	farr-store.json            what this folder is, and its format version
//	objects/<aa>/<sha256>      Parquet, mode 0444
//	snapshots/<id>.json        canonical manifests
//	current/<name>             pointers: the snapshot in force
//	by-key/<key>               what was asked -> what was made
//	staging/<random>/          what a living writer prepares
//	disclosure.log             when true dates of a person were shown, to whom
//	writer.lock                flock'ed while names are changed
//
// # Publishing
//
// A writer calls [Store.Begin], writes objects through the [Staging], and calls
// [Staging.Publish], which reads every object again, compares hash, rows and
// columns, renames the objects into the pool and the manifest last. Until the
// manifest is there nothing can be seen; after that everything is. A process that
// dies, or a full disk, leaves the earlier snapshot current, and what it prepared
// goes away with the next Begin: a folder in staging whose lock nobody holds
// belonged to a dead process.
//
// [KeyOf] hashes a question; [Store.ByKey] finds its answer. A step that finds
// one skips, so retry, resume and catch-up are one operation.
//
// # Reading
//
// Parquet readers do not notice a flipped bit: it gives another number, not an
// error. So [Snapshot.Check] hashes the objects before every use, and
// [Store.Verify] hashes everything there is.
//
// In the default profile the dates at rest are shifted, by a number of days of
// each person's own, and those that would give the shift away are sealed.
// [Attach] needs the key: it opens each person's shift and the sealed dates into
// tables in memory and joins them in views, so that a measure computes on true
// dates while no file of an extract shows one. Results name true periods beside the
// same pseudonyms, so that who holds both can narrow a shift: they are to be kept as
// closely as the key. [AttachTables] shows the tables of any snapshot as they are.
package datasets
