// Package bulk exports from a server by FHIR Bulk Data Access (HL7 IG 2.0 and 3.0; of the 4.0 ballot the manifest's
// outcome) and gives the files as streams that resume by themselves, so that no raw record is ever put on a disk.
//
//	client, err := bulk.New(bulk.Config{Request: bulk.Request{URL: base, Level: bulk.System}, ClientID: id, Key: key})
//	status, err := client.KickOff(ctx, nil)      // keep it: Wait goes on from it after a restart
//	export, err := client.Wait(ctx, status)      // polls, then reads all pages of the manifest
//	for _, f := range export.Files {
//		r := export.Open(ctx, f)                 // an io.ReadCloser
//		...
//	}
//	err = client.Delete(ctx, status)             // the server may forget the export
//
// # Who is trusted with the token
//
// The token is asked for by SMART Backend Services (private_key_jwt, RS384 or ES384). It goes to the origin of the FHIR
// server, and to the files of a manifest that says requiresAccessToken. A redirect to another origin goes without it, and
// so does a status URL elsewhere; the signed request for a token does not go there at all. Every address is https, or on the loopback.
//
// # What passes and what does not
//
// A lost connection, 429, 502 to 504 and an OperationOutcome whose code is of the group transient are waited for, with the
// server's Retry-After or with a growing pause. A file that breaks off goes on by Range where the server gave
// a strong ETag; where it did not, the file is read again from its start, and what was delivered is
// compared by hash before anything new is. A link that has expired is asked for again with the manifest. Whatever then
// is not the same export any more is [Changed]: what was read must be thrown away. Each pause is told to [Config.Waits], in words
// that name neither a file nor anything that the server sent. [Code.Passing] tells what may not be there the next time from
// mistakes of what was asked for.
//
// Errors name the address without its query, which may hold a signature, and never text that the server sent: a
// server's diagnostics may quote a record.
package bulk
