package main

import (
	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) keysJWKS() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "jwks --client-key FILE",
		Short: "print the public key set of a Bulk Data client, to register it with a server",
		Long: `Prints the public half of a private key as a JWK Set, which is what a FHIR server wants to know of a
client of SMART Backend Services. The key is PEM or a JWK: RSA of 2,048 bits or more (RS384), or
EC on P-384 (ES384), in a file that its owner alone can read. It is no project key. To make one:

  (umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out client.pem)`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "client-key"); err != nil {
				return err
			}
			key, err := datasets.ReadClientKey(source)
			if err != nil {
				return err
			}
			return writeJSON(a.stdout, key.JWKS())
		},
	}
	keyFlag(cmd, &source, "client-key", "private key of the client")
	return cmd
}
