#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the certificates of the tests: tests/lib/pki.sh FOLDER
#   ca          the operator's CA: what a UE trusts
#   eftf        the EFTF, ECDSA P-256, names as below
#   eftf-rsa    the same with an RSA key
#   expired     the same, valid until 2021 only
#   wrong-name  a good certificate of another host
#   client      a UE, for client authentication
#   foreign-ca  a CA that nobody trusts, and
#   foreign     the EFTF's names certified by it: what an intercepting firewall shows
#   none.crl    the revocation list of ca, empty, and
#   client.crl  one with client in it
# Each as NAME.pem (certificate) and NAME.key (private key, PEM). EFTF_PKI=FOLDER: they are there, made before; to make
# them starts a hundred programs, which in a guest takes longer than many a scenario.
set -u

dir=${1:?folder}
names=DNS:eftf.ims.example,IP:198.51.100.1,IP:2001:db8:198::1

die() { echo "pki.sh: $*" >&2; exit 1; }

# key NAME ALGORITHM
key() {
	case $2 in
	ec) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
	rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
	esac
}

# authority NAME COMMON_NAME
authority() {
	key "$1" ec && openssl req -x509 -new -key "$1.key" -sha256 -days 3650 -subj "/O=Test/CN=$2" \
		-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign -out "$1.pem"
}

# certificate NAME CA ALGORITHM COMMON_NAME ALT_NAMES USAGE [START END]
certificate() {
	key "$1" "$3" && openssl req -new -key "$1.key" -subj "/O=Test/CN=$4" -out "$1.csr" || return
	printf '%s\n' "basicConstraints=critical,CA:false" "keyUsage=critical,digitalSignature" \
		"extendedKeyUsage=$6" "subjectAltName=$5" >"$1.ext"
	cat >"$1.cnf" <<-EOF
		[ca]
		default_ca = it
		[it]
		new_certs_dir = .
		database = $1.db
		rand_serial = yes
		default_md = sha256
		policy = any
		[any]
		organizationName = optional
		commonName = supplied
	EOF
	: >"$1.db"
	openssl ca -batch -notext -config "$1.cnf" -cert "$2.pem" -keyfile "$2.key" -in "$1.csr" -extfile "$1.ext" \
		-startdate "${7:-$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)}" \
		-enddate "${8:-$(date -u -d '3 years' +%Y%m%d%H%M%SZ)}" -out "$1.pem" || return
	rm -f "$1".{csr,ext,cnf,db,db.old,db.attr,db.attr.old} ./[0-9A-F][0-9A-F][0-9A-F][0-9A-F]*.pem
}

# revocations NAME CA [CERTIFICATE]
revocations() {
	printf '%s\n' "[ca]" "default_ca = it" "[it]" "database = crl.db" "default_md = sha256" >crl.cnf
	: >crl.db
	if [[ -n ${3-} ]]; then
		openssl ca -config crl.cnf -cert "$2.pem" -keyfile "$2.key" -revoke "$3.pem" || return
	fi
	openssl ca -config crl.cnf -cert "$2.pem" -keyfile "$2.key" -gencrl -crldays 30 -out "$1.crl" || return
	rm -f crl.{cnf,db,db.old,db.attr,db.attr.old}
}

everything() {
	authority ca "Test operator CA" && authority foreign-ca "Somebody's CA" &&
		certificate eftf ca ec eftf.ims.example "$names" serverAuth &&
		certificate eftf-rsa ca rsa eftf.ims.example "$names" serverAuth &&
		certificate expired ca ec eftf.ims.example "$names" serverAuth 20200101000000Z 20210101000000Z &&
		certificate wrong-name ca ec other.example "DNS:other.example,IP:192.0.2.77" serverAuth &&
		certificate client ca ec ue@ims.example email:ue@ims.example clientAuth &&
		certificate foreign foreign-ca ec eftf.ims.example "$names" serverAuth &&
		revocations none ca && revocations client ca client
}

umask 077
if ! mkdir -p "$dir" || ! cd "$dir"; then
	die "cannot write to $dir"
fi
if [[ ${EFTF_PKI:-} ]]; then
	cp "$EFTF_PKI"/* . || die "no certificates in $EFTF_PKI"
	exit
fi
everything >pki.log 2>&1 || die "openssl failed: $(tail -n 3 pki.log)"
rm -f pki.log
