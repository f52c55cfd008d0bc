// SPDX-License-Identifier: GPL-2.0-or-later
// Runs LuCI's page of the protocol with stand-ins for LuCI, as if an interface were edited: node luci.js PAGE
// prints the names of the options on it. Whatever LuCI does not know is an error.
'use strict';
const fs = require('fs');

const kinds = ['Value', 'ListValue', 'DynamicList', 'Flag', 'DummyValue'];
const members = ['datatype', 'rmempty', 'optional', 'placeholder', 'password', 'default', 'load', 'cfgvalue', 'rawhtml'];
const form = Object.fromEntries(kinds.map((kind) => [kind, kind]));
let protocol;

class Option {
	constructor(kind, name) {
		Object.assign(this, { kind, name, enabled: '1', values: [] });
		Object.preventExtensions(Object.assign(this, Object.fromEntries(members.map((m) => [m, undefined]))));
	}
	value(key) {
		if (this.kind !== 'ListValue')
			throw new Error(this.name + ': only a list has values');
		this.values.push(key);
	}
	depends() {}
}

const options = [];
const section = {
	taboption(tab, kind, name, title) {
		if (!['general', 'advanced'].includes(tab) || !kinds.includes(kind))
			throw new Error(name + ': tab ' + tab + ', kind ' + kind);
		if (typeof title !== 'string' || !title)
			throw new Error(name + ': without a title');
		options.push(new Option(kind, name));
		return options[options.length - 1];
	},
};
const network = {
	registerErrorCode() {},
	registerPatternVirtual() {},
	registerProtocol(name, members) {
		protocol = { name, sid: 'ims', _ubus() { return null; }, ...members };
		return protocol;
	},
};

String.prototype.format = function (...words) {
	return words.reduce((text, word) => text.replace('%s', word), this);
};
const page = fs.readFileSync(process.argv[2], 'utf8');
new Function('form', 'fs', 'network', 'L', 'E', '_', page)(form, {}, network, {}, () => ({}), (text) => text);
protocol.renderFormOptions(section);
for (const o of options) {
	if (o.kind === 'ListValue' && !o.values.includes(o.default))
		throw new Error(o.name + ': its default is none of its values');
	if (o.name[0] !== '_')
		console.log(o.name);
}
