// Package datasets turns exports into snapshots and opens snapshots for reading.
// It tells one story in four steps:
//
//	key, _ := datasets.ReadKey(file)               // the project's key
//	store, _ := datasets.CreateStore(ctx, dir)     // a folder of snapshots
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
// not in it: the store's log has that, and the ledger of package jobs.
//
// A [Store] is the folder that holds them:
//
//	farr-store.json            what this folder is, and its format version
//	objects/<aa>/<sha256>      Parquet, mode 0444
//	snapshots/<id>.json        canonical manifests
//	current/<name>             pointers: the snapshot in force
//	by-key/<key>               what was asked -> what was made
//	staging/<random>/          what a living writer prepares
//	log/                       what was done to the store, tamper-evident
//	releases/<sha256>.json.gz  what reports for an external audience show and hide
//	custody.json               epochs of keys, the officer, marks of removed persons
//	exports/<key>.json         where a FHIR server tells how far an export is, while it is not done with
//	exports/<request>.lock     flock'ed while a server is asked for it
//	writer.lock                flock'ed while names are changed
//
// # Publishing
//
// A writer calls [Store.Begin], writes objects through the [Staging], and calls
// [Staging.Publish], which reads every object again, compares hash, rows and
// columns, renames the objects into the pool and the manifest last. Until the
// manifest is there nothing can be seen; after that everything is. A process that
// dies, or a full disk, leaves the earlier snapshot current, and what it prepared
// goes away when the store is opened again: a folder in staging whose lock nobody holds
// belonged to a dead process.
//
// [KeyOf] hashes a question; [Store.ByKey] finds its answer. A step that finds
// one skips, so retry, resume and catch-up are one operation.
//
// # Sources
//
// An extract reads a folder, or a FHIR server by Bulk Data export (datasets/bulk). The server's files go through the policy as
// they come. The address that tells how far an export is lies in exports/ before the first question, so that a run that was
// stopped goes on with the same export; it goes when the snapshot is there, or when the export turned out to be no
// good. The address is kept whole, with its query: a server may put there what it knows the asker by, and the export cannot be asked for
// without it. So the file is its owner's alone (0600), as the store is, and no log, error or report has the address. A mark is there before the server
// is asked to begin. Where a run ends between the question and the answer, the server may have an export whose address
// nobody knows; the next run says so ([BulkReport]), and only the server's keeper, or time, can end it. Within one run, a question whose
// answer is lost is asked again, and leaves the like unseen.
// Several exports go into one snapshot as [ExportSource]s. Each keeps what is its own: name and so pseudonyms, zone, labels of
// sites, concept maps, opt-out list, counts. Where zones differ the keyed views read each row in that of its source,
// which stands in the column source of the main table. Files are known by the hash of their text, so that a folder of the same files, unpacked and in the same order, gives
// the same objects. Of when a server's export is, and what was asked for, is a fact of the extract ("server_exports", by source): the
// server's transactionTime, of the export as a whole and no date of a patient; level, types and elements; and hashes of the address and of
// client and scope. Where a server gives the same records again, the extract that is there stays, with its time.
//
// An extract says how many records of each type were read and stored, and, where the request names them (Expect), which types the
// source is said to have. It has no date of a type's newest record: days at rest are shifted, and true ones belong to results. What
// results cannot tell from its rows it says itself: of several sources, how each type came from each ([Snapshot.SourceFeeds]), by months where there
// are enough records to judge, and where a feed ended the true day, sealed where dates are shifted. A removal keeps that: it is of the feed, as the as-of day is of the extract.
//
// # Linkage
//
// With ExtractRequest.Link who is the same person in several sources is found and counts once: rows of all of a person's
// Patients stand under one pseudonym, the smallest of theirs, with one shift; the records keep their own rids and sources. So
// whatever reads persons (views, risk, exports, shards) needs to know nothing of it. The table person_link has the
// Patients whose pseudonym that changed, for a removal and a crosswalk; views do not show it and exports never have it.
//
// A Patient is compared by tokens: HMAC-SHA256, under the key's sub-key for that alone, of folded family and given names (with the full
// forms of pet names), ZIP, phone and street; birth date and sex stand beside them. They live in the memory of the run, about 300 bytes for each
// Patient, and no call gives one out. Two Patients of two sources are linked when a rule of datasets/internal/deid/link_rules.go holds, each
// is by far the best for the other, and nothing contradicts: two days of death, or sex and birth date both. Within a source nobody is
// linked: whoever keeps it has judged with more than tokens. Of a pair of twins, who differ in the given name alone, each is a
// person: nobody is linked whose given names, or the full forms of pet names, are not the same, nor whose sex differs. A claim that would make two Patients of one source one person links none of them. What became of all this is counted in [Linkage].
//
// The table patient has one row a person: the newest Patient by lastUpdated, with what it lacks taken from the next that has it,
// in pieces that belong together (birth date; ZIP, state and city; each extension ...). A day of death counts before the bare word, and
// that before the word that somebody lives. Observable time is of all records, and an age over 89 is judged by the earliest birth and by all
// rows. Patients whose row is another's are counted as Merged, so that lines stay accounted for.
//
// Who opted out in one source, or was removed, is left out of all that they are linked in. [Store.Remove] takes all of a person by one id. Which
// Patients are linked can change from one extract to the next, and with it the pseudonym of a person.
//
// Records keep their rids, so an extract with linkage and one without, of one source under one key and shifted, would tell side by side how
// the shifts of two Patients differ: the second is refused ([CodeLinkedApart]). What remains are two linked extracts between which it
// changed who is linked: of those who are, or are no more, the same can be told. Keep the newest alone (retention, [Store.Prune]).
// Patient.link has the same: who is linked by it in one export and not in the next has two shifts.
//
// # Increments
//
// An extract can be made on top of an earlier one ([ExtractRequest].Onto). Its source has what is new or changed since, and
// says what is gone: a Bundle of DELETE entries, as a file or as a line of NDJSON, as Bulk Data exports have them. A DELETE
// takes away what stands before it in the order of the input, in a full load as well. The
// snapshot has the rows and facts of one extract of all files, of the full load and of every increment, read in that order:
// of two versions the one with the newer lastUpdated counts, else the later, wherever they stand.
//
// Its manifest names the objects of the earlier extract, and its own beside them, with a sequence. A
// table has tombstones: objects of rids. A row of such a rid in an object of a smaller sequence is dead. [Snapshot.Scan] is the
// one place in SQL that knows it: where nothing is dead a table is read as one. The earlier snapshot need not stay: it is an
// input of kind "base", by which nothing is opened later.
//
// What depends on everything (patients, whose birth dates open and close by the newest day; observable time; the
// dictionary) is a row or few a person, and is written whole. Of all else only what is new is written: of the earlier
// extract the columns are read that say how new a version is, and how far its rows reach. These are read as columns and not by
// the engine: of most of them nothing is asked, or they are empty.
//
// Facts are of all lines, as a full load's; those of the increment's own are in its report, in the log and
// in the fact "load". The sum of the facts is exact, since each load counts a version as superseded or deleted once.
//
// What could not be exactly the whole is a [FullLoadError] with all its reasons, and nothing is published: another policy, profile,
// zone, key, source, labels or maps; safe-harbor, whose key is gone; under shifted, patients who are linked, since to whom is not kept,
// and records that state ages, which may have to be hidden in rows that stand already; and persons who are left out (opt-out
// list, removed), since what refers to their records cannot be told of what is new alone.
//
// A server is asked for what changed since the transaction time that the earlier extract keeps, so that time moves with a snapshot
// that was published and with nothing else. What it names as deleted goes, and so does what it gives in a form that is not stored (the policy drops it,
// or it has no subject any more): the snapshot has the rows of a full load of the server as it is now. Of resources that were replaced or deleted the facts
// have the lines, and the dictionary has the codes, which no full load would have now. Where nothing changed, the earlier extract stays.
//
// What a server may not tell is a FullLoadError as well: it takes no _since, or its manifest repeats the request without it; its transaction time is before that of the earlier extract;
// its manifest has no list of what was deleted (which HL7 Bulk Data lets it leave out, so that none and unknown are one); it says that records lack, now or in the
// earlier extract; a line cannot be read, or is older by lastUpdated than what it was before; the request is another, is of a group (who came into it
// has older records), or has type filters (no server names what fits no more); a Patient was deleted at level patient, where other
// records leave the export with it. At level patient a record is taken to be no older than its Patient, and the types that are asked for
// belong to patients: what belongs to none is in such an export once a record refers to it, however old it is. What remains is what a server leaves out
// of its list of what was deleted: only the next full load tells.
//
// Loads are known by their objects and times, in an increment as between two full loads that are both kept: a record that a load brought is mostly dated
// not long before it, which narrows the shift of its patient for who can read the store. Increments are for stores that nobody reads but
// farr; of what leaves ([farr/datasets/export], reports) no file tells the loads. Compact and let go what was there before (retention) often.
//
// [Compact] makes a full load's objects of an extract and its increments: byte for byte those that one extract of all files has, from
// their rows alone. Types that no increment touched keep their objects.
//
// # The log
//
// What is done to a store is an entry of its log before it is done: each snapshot (inputs by hash,
// policy, key by ID, what was left out by path and reason), each move of a pointer, reports,
// exports, gates, keys, removals, crosswalks, jobs, and each time that true dates were shown
// ([Store.Log], [Store.Disclose]). What cannot be logged is not done. Entries hold hashes, ids,
// counts and reasons, and no value of a record. They are lines of JSON and the leaves of an RFC 6962
// tree; datasets/internal/auditlog has the files, and how an append that was cut off is healed. A
// snapshot and its entry are there both or neither.
//
// [Store.SignLog] lets the project's key sign each head of the tree, by a sub-key for that
// alone. [Store.KeepWitness] keeps the newest signed head beside the key file. [Snapshot.Checkpoint] is
// the head right behind the snapshot's own entry: a report prints that of its results, so that it is the
// same whenever the report is made. [Store.PassLog] lets the old key of a rotation vouch for the next.
//
// [Store.Audit] recomputes all of it and holds it against the store. What it proves depends on
// what it is given:
//
//   - alone: that the log is whole in itself and the store what it says. Any change of a byte, a cut
//     end, and a log older than the newest snapshot or pointer are found. Who rewrites log and store
//     together and signs by a key of his own is not.
//   - with the key or its public half: that nobody without the key changed, left out or reordered what
//     was signed.
//   - with a head kept elsewhere (beside the key, on a printed report): that nobody at all, the
//     holder of the key included, changed or removed what lies before it.
//
// It does not prove what was never logged, that the clock was right, nor anything about entries behind the
// last signed or kept head. A backup that is put back is a rollback and told as one: remove the
// witness of that store to accept it. The key signs in the same custody in which it opens the store, so
// only heads kept elsewhere bind its holder.
//
// # What a process leaves behind
//
// Folders of a store are 0700 and files in staging 0600, whatever the umask; nothing is added to one that others can enter
// ([Store.CheckPrivate]). The command turns core
// dumps off and keeps debuggers of its own account out. A session that holds true dates of a shifted extract spills
// nothing ([Attach]); what extraction spills is de-identified records. Memory is not wiped, and
// pages may be swapped: swap on an encrypted device, or none, is the operator's part.
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
// closely as the key. An extract of profile safe-harbor has years in place of dates and
// nothing to open: [Attach] needs no key for it, its dates have precision 1, its
// observation_period is in years, and [Snapshot.NeedDays] is what refuses to count on it.
// [AttachTables] shows the tables of any snapshot as they are.
//
// # Keys, and who is in a store
//
// A key ([ReadKey]: a file, fd:N or env:NAME) has a sub-key for each purpose, and its ID stands for the
// project in every pseudonym. custody.json is canonical JSON, written whole under the writer lock:
//
//	format, version   of the file; the version counts changes
//	epochs            key (ID) and state: open, closed, destroyed; oldest first
//	officer           public key of who permits crosswalks
//	removed           by key ID, marks: HMAC of source and id under the key's list sub-key
//	pending           what a removal that was cut off has left to do
//
// Each version's SHA-256 is in the entry of the log that makes it, so one that was changed, removed
// or put back is CodeDamagedCustody to whoever reads it. A store without the file takes its epochs from its
// extracts. [Store.Rotate] begins an epoch, [Store.DestroyKey] ends one.
//
// An opt-out list leaves persons out at [Extract]; [Store.Remove] takes them out of what is kept. It
// publishes a replacement of each extract that has them, then one entry of the log retires the old and
// all that was made of them, then the files go; opening a store finishes what a stop left of that. A dictionary
// entry that nobody else uses goes, too. What stays is the day up to which the data know: a removed person's
// event may have been the newest. [Store.Prune] lets old snapshots go in the same way: one entry of the log that retires them, a note
// in custody.json of what is left to do, then the files. [Crosswalk] goes the other way, by a permit of the officer.
package datasets
