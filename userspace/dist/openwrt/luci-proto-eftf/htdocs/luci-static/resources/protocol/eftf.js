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
	[ 'gateway4', _('Inner address of the EFTF') ],
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

		o = s.taboption('general', form.DynamicList, 'routes', _('Routes'), _('Prefixes to reach through the tunnel, besides those of the EFTF'));
		o.datatype = 'cidr4';

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

		o = s.taboption('advanced', form.Value, 'proxy', _('HTTP proxy'));
		o.placeholder = 'http://proxy.example.net:3128';
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'proxy_user', _('User'));
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'proxy_password', _('Password'));
		o.password = true;
		o.optional = true;

		o = s.taboption('advanced', form.Value, 'mtu', _('MTU'));
		o.datatype = 'range(576, 65532)';
		o.placeholder = _('what the EFTF says');

		o = s.taboption('advanced', form.Value, 'keepalive', _('Keep-alive interval, seconds'));
		o.datatype = 'range(10, 600)';
		o.placeholder = '110';
	}
});
