// SPDX-License-Identifier: GPL-2.0-or-later
// LuCI's page of an interface with the protocol eftf: its options, and the tunnel as eftfctl sees it.
'use strict';
'require form';
'require fs';
'require network';

network.registerErrorCode('MISSING_OPTION', _('The options server and ca are needed'));
network.registerErrorCode('INVALID_CONFIG', _('eftf-ue refuses the configuration, see the system log'));
network.registerErrorCode('WRONG_CERTIFICATE', _('Certificate or name of the EFTF is wrong'));
network.registerErrorCode('FAILED', _('eftf-ue has ended, see the system log'));
network.registerPatternVirtual(/^eftf-.+$/);

// What stands on the page, of the fields of "eftfctl --json tunnel show".
var shown = [
	[ 'inner4', _('Inner address') ],
	[ 'inner6', _('Inner IPv6 address') ],
	[ 'gateway4', _('Inner address of the EFTF') ],
	[ 'gateway6', _('Inner IPv6 address of the EFTF') ],
	[ 'outer_peer', _('Address of the EFTF') ],
	[ 'tls', _('TLS') ],
	[ 'cipher', _('Cipher') ],
	[ 'keepalive', _('Keep-alive interval, seconds') ],
	[ 'path_mtu', _('Path MTU') ]
];

function table(tunnels) {
	var rows = [];

	tunnels.forEach(function(tunnel) {
		shown.forEach(function(field) {
			if (tunnel[field[0]] != null)
				rows.push(E('tr', { 'class': 'tr' }, [
					E('td', { 'class': 'td left' }, field[1]),
					E('td', { 'class': 'td left' }, String(tunnel[field[0]]))
				]));
		});
	});
	return rows.length ? E('table', { 'class': 'table' }, rows) : E('em', _('No tunnel'));
}

return network.registerProtocol('eftf', {
	getI18n: function() {
		return _('IMS firewall traversal (3GPP TS 24.322)');
	},

	getIfname: function() {
		return this._ubus('l3_device') || 'eftf-%s'.format(this.sid);
	},

	getPackageName: function() {
		return 'eftf-ue';
	},

	getOpkgPackage: function() {
		return 'eftf-ue';
	},

	isFloating: function() {
		return true;
	},

	isVirtual: function() {
		return true;
	},

	getDevices: function() {
		return null;
	},

	containsDevice: function(ifname) {
		return (network.getIfnameOf(ifname) == this.getIfname());
	},

	renderFormOptions: function(s) {
		var device = this.getIfname(), o;

		o = s.taboption('general', form.Value, 'server', _('EFTF'), _('Name or address of the operator\'s EFTF'));
		o.datatype = 'host';
		o.rmempty = false;

		o = s.taboption('general', form.Value, 'ca', _('CA certificates'), _('PEM file of the authorities to trust'));
		o.datatype = 'file';
		o.rmempty = false;

		o = s.taboption('general', form.ListValue, 'mode', _('Tunnel'));
		o.value('always', _('always'));
		o.value('auto', _('only if a firewall is in the way'));
		o.default = 'always';

		o = s.taboption('general', form.Value, 'pcscf', _('P-CSCF'), _('SIP proxy that is probed'));
		o.datatype = 'ipaddr("nomask")';
		o.depends('mode', 'auto');

		o = s.taboption('general', form.Value, 'media', _('STUN server'), _('address:port that is probed for media'));
		o.datatype = 'ipaddrport(1)';
		o.depends('mode', 'auto');

		o = s.taboption('general', form.Value, 'sips_port', _('Port of SIP over TLS'), _('is probed too, where the phone uses it: usually 5061'));
		o.datatype = 'port';
		o.depends('mode', 'auto');

		o = s.taboption('general', form.Value, 'ipsec', _('IKE responder'), _('address:port that is probed, where the phone needs IPsec'));
		o.datatype = 'ipaddrport(1)';
		o.depends('mode', 'auto');

		o = s.taboption('general', form.DynamicList, 'routes', _('Routes'), _('Prefixes to reach through the tunnel, besides those of the EFTF; all: whatever it gives'));
		o.datatype = 'or("all", cidr)';

		o = s.taboption('general', form.DummyValue, '_tunnel', _('Status'));
		o.load = function() {
			return L.resolveDefault(fs.exec_direct('/usr/sbin/eftfctl',
				[ '--json', 'tunnel', 'show', 'dev', device ], 'json'), []);
		};
		o.cfgvalue = function(section_id, value) {
			return table(Array.isArray(value) ? value : []);
		};
		o.rawhtml = true;

		o = s.taboption('advanced', form.Value, 'server_port', _('TCP port'));
		o.datatype = 'port';
		o.placeholder = '443';

		o = s.taboption('advanced', form.Value, 'server_name', _('Name in the certificate'));
		o.datatype = 'host';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'crl', _('Revocation lists'));
		o.datatype = 'file';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'cert', _('Client certificate'));
		o.datatype = 'file';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'key', _('Private key'));
		o.datatype = 'file';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'client_id', _('Identity'), _('Without it one is made once and kept'));
		o.datatype = 'maxlength(40)';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'enterprise', _('Enterprise number'), _('of the vendor options in DHCP'));
		o.datatype = 'uinteger';
		o.placeholder = '32473';

		o = s.taboption('advanced', form.Value, 'alpn', _('ALPN'), _('Protocol names, separated by commas'));
		o.placeholder = 'http/1.1';
		o.optional = true;

		o = s.taboption('advanced', form.ListValue, 'family', _('Inner addresses'));
		o.value('any', _('IPv4, IPv6 or both'));
		o.value('4', _('IPv4'));
		o.value('6', _('IPv6'));
		o.value('both', _('both are needed'));
		o.default = 'any';

		o = s.taboption('advanced', form.Value, 'ipaddr', _('Static inner IPv4 address'), _('in the place of DHCP'));
		o.datatype = 'or(ip4addr("nomask"), cidr4)';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'gateway', _('Inner IPv4 address of the EFTF'));
		o.datatype = 'ip4addr("nomask")';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'ip6addr', _('Static inner IPv6 address'), _('in the place of DHCP'));
		o.datatype = 'ip6addr("nomask")';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'ip6gw', _('Inner IPv6 address of the EFTF'));
		o.datatype = 'ip6addr("nomask")';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'proxy', _('HTTP proxy'));
		o.placeholder = 'http://proxy.example.net:3128';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'proxy_user', _('User'));
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'proxy_password', _('Password'));
		o.password = true;
		o.optional = true;

		o = s.taboption('advanced', form.ListValue, 'proxy_auth', _('Authentication to the proxy'));
		[ 'safe', 'any', 'basic', 'digest', 'ntlm', 'negotiate' ].forEach(function(how) {
			o.value(how);
		});
		o.default = 'safe';

		o = s.taboption('advanced', form.Value, 'sip_port', _('SIP port of the P-CSCF'));
		o.datatype = 'port';
		o.placeholder = '5060';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'control', _('Control'), _('host or host:port that every firewall lets through; without it the EFTF'));
		o.datatype = 'or(host, hostport)';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'probe_timeout', _('Time for the probes, milliseconds'));
		o.datatype = 'range(100, 60000)';
		o.placeholder = '4000';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'recheck', _('Seconds between looks at the direct way'));
		o.datatype = 'range(10, 86400)';
		o.placeholder = '1800';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'remember', _('Seconds for which a firewall is remembered'), _('0: not at all'));
		o.datatype = 'or("0", range(60, 31536000))';
		o.placeholder = '86400';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'state_dir', _('Folder in which that is kept'), _('/var is lost with a restart of the router'));
		o.placeholder = '/var/lib/eftf-ue';
		o.depends('mode', 'auto');

		o = s.taboption('advanced', form.Value, 'mtu', _('MTU'));
		o.datatype = 'range(576, 65532)';
		o.placeholder = _('what the EFTF says');

		o = s.taboption('advanced', form.Value, 'keepalive', _('Keep-alive interval, seconds'));
		o.datatype = 'range(10, 3600)';
		o.placeholder = _('what the EFTF says');

		o = s.taboption('advanced', form.Value, 'timeout', _('Seconds of silence that end the tunnel'));
		o.datatype = 'range(10, 10800)';
		o.placeholder = _('three intervals');

		o = s.taboption('advanced', form.Value, 'record_limit', _('TLS records per key'));
		o.datatype = 'min(100)';
		o.placeholder = _('the cipher\'s own');

		o = s.taboption('advanced', form.Flag, 'key_update', _('Follow new TLS keys'), _('of the EFTF, where the kernel can; otherwise there is a new tunnel'));
		o.default = o.enabled;

		o = s.taboption('advanced', form.ListValue, 'log_level', _('Log'));
		[ 'error', 'warn', 'info', 'debug' ].forEach(function(level) {
			o.value(level);
		});
		o.default = 'info';
	}
});
