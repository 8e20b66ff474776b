// What NetSuite gives a SuiteScript: `define`, and the modules N/... as far as they are modelled here.
// Anything else is an error, so that a script that leans on more than this fails loudly.
(() => {
  'use strict';

  class SuiteScriptError extends Error {
    constructor({ name, message }) {
      super(message);
      this.name = name;
      this.type = 'error.SuiteScriptError';
    }
  }

  let script = null;

  /** Asks Python, which answers at once. */
  const ask = (operation, argument) => {
    const { value, error } = JSON.parse(askPython(operation, JSON.stringify(argument)));
    if (error) throw new SuiteScriptError(error);
    return value;
  };

  /** Gives an object of which every unknown member is an error. */
  const strict = (name, members) =>
    new Proxy(Object.freeze(members), {
      get(target, key) {
        if (typeof key === 'symbol' || key === 'toJSON' || key in target) return target[key];
        throw new SuiteScriptError({
          name: 'NOT_IN_THE_SANDBOX',
          message: `${name} has no ${key} in the sandbox.`,
        });
      },
      set(target, key) {
        throw new TypeError(`${name}.${String(key)} cannot be set.`);
      },
    });

  /** Reads a function's options: every required one is there, and none that is not known. */
  const options = (name, given, required, optional = []) => {
    for (const key of required) {
      if (given === undefined || given[key] === undefined || given[key] === null) {
        throw new SuiteScriptError({
          name: 'SSS_MISSING_REQD_ARGUMENT',
          message: `${name}: Missing a required argument: ${key}`,
        });
      }
    }
    for (const key of Object.keys(given || {})) {
      if (!required.includes(key) && !optional.includes(key)) {
        throw new SuiteScriptError({
          name: 'NOT_IN_THE_SANDBOX',
          message: `${name} has no option ${key} in the sandbox.`,
        });
      }
    }
    return given || {};
  };

  const search = () => {
    const column = (given) => {
      const { name, join = null } = typeof given === 'string' ? { name: given } : given;
      return strict('search.Column', { name, join });
    };
    const key = ({ name, join }) => (join ? `${join}.${name}` : name);
    const result = (columns) => (row) =>
      strict('search.Result', {
        id: row.id,
        getValue: (wanted) => {
          const place = columns.findIndex((each) => key(each) === key(column(wanted)));
          return place < 0 ? null : row.values[place];
        },
      });

    return strict('N/search', {
      Type: strict('search.Type', { VENDOR_BILL: 'vendorbill', VENDOR_PAYMENT: 'vendorpayment' }),
      createColumn: (given) => column(options('search.createColumn', given, ['name'], ['join'])),
      create: (given) => {
        const { type, filters, columns } = options('search.create', given, ['type'], ['filters', 'columns']);
        const read = (columns || []).map(column);
        const query = { type, filters: filters || [], columns: read.map(key) };
        const wrap = result(read);
        return strict('search.Search', {
          run: () =>
            strict('search.ResultSet', {
              getRange: (range) => {
                const { start, end } = options('ResultSet.getRange', range, ['start', 'end']);
                return ask('search', { ...query, start, end }).map(wrap);
              },
            }),
          runPaged: (paging) => {
            const { pageSize = 50 } = options('Search.runPaged', paging, [], ['pageSize']);
            const { count } = ask('count', { ...query, pageSize });
            const pages = Math.ceil(count / pageSize);
            return strict('search.PagedData', {
              count,
              pageSize,
              pageRanges: Array.from({ length: pages }, (_, index) => strict('search.PageRange', { index })),
              fetch: (page) => {
                const { index } = options('PagedData.fetch', page, ['index']);
                const start = index * pageSize;
                const rows = ask('search', { ...query, start, end: start + pageSize });
                return strict('search.Page', { data: rows.map(wrap) });
              },
            });
          },
        });
      },
      lookupFields: (given) =>
        ask('lookup', options('search.lookupFields', given, ['type', 'id', 'columns'])),
    });
  };

  const FILE_TYPES = ['PDF', 'JPGIMAGE', 'PJPGIMAGE', 'PNGIMAGE', 'GIFIMAGE', 'TIFFIMAGE', 'BMPIMAGE'];
  const file = () =>
    strict('N/file', {
      Type: strict('file.Type', Object.fromEntries(FILE_TYPES.map((code) => [code, code]))),
      load: (given) => {
        const { id } = options('file.load', given, ['id']);
        // A small file's contents come with it: one question less.
        const { contents, ...members } = ask('load', { id });
        return strict('file.File', { ...members, getContents: () => contents ?? ask('contents', { id }) });
      },
      create: (given) => {
        const read = options('file.create', given, ['name', 'fileType', 'contents', 'folder']);
        return strict('file.File', { save: () => ask('save', read) });
      },
    });

  const error = () =>
    strict('N/error', {
      create: (given) => {
        options('error.create', given, ['name', 'message'], ['notifyOff']);
        return new SuiteScriptError(given);
      },
    });

  const encode = () =>
    strict('N/encode', {
      Encoding: strict('encode.Encoding', { UTF_8: 'UTF_8', BASE_64: 'BASE_64' }),
      convert: (given) =>
        ask('encode', options('encode.convert', given, ['string', 'inputEncoding', 'outputEncoding'])),
    });

  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const DAY_WORDS = /YYYY|Mon|MM|DD|M|D/g;
  const padded = (value) => String(value).padStart(2, '0');

  /** Writes the day of a local time in this user's format. */
  const shownDay = (local) => {
    const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth() + 1, local.getUTCDate()];
    const words = { YYYY: year, Mon: MONTHS[month - 1], MM: padded(month), DD: padded(day), M: month, D: day };
    return dayFormat.replace(DAY_WORDS, (word) => words[word]);
  };

  /** Reads a day in this user's format, as milliseconds of UTC; null where it is none. */
  const readDay = (text) => {
    const words = dayFormat.match(DAY_WORDS);
    const patterns = { YYYY: '(\\d{4})', Mon: '([A-Za-z]{3})' };
    const written = dayFormat.replace(/\./g, '\\.').replace(DAY_WORDS, (word) => patterns[word] || '(\\d{1,2})');
    const found = new RegExp(`^${written}$`).exec(text);
    if (!found) return null;
    const part = (letter) => found[1 + words.findIndex((word) => word[0] === letter)];
    const month = words.includes('Mon') ? MONTHS.indexOf(part('M')) + 1 : Number(part('M'));
    const read = new Date(Date.UTC(Number(part('Y')), month - 1, Number(part('D'))));
    return read.getUTCMonth() === month - 1 ? read.getTime() : null;
  };

  const sign = timeFormat.includes(':') ? ':' : '-';
  const hasHalves = timeFormat.endsWith('pm');

  /** Reads a time of day in this user's format, as milliseconds: one without seconds is none. */
  const readTime = (text) => {
    const half = hasHalves ? ' (am|pm)' : '()';
    const found = new RegExp(`^(\\d{1,2})${sign}(\\d\\d)${sign}(\\d\\d)${half}$`, 'i').exec(text);
    if (!found) return null;
    const hour = hasHalves ? (Number(found[1]) % 12) + (found[4].toLowerCase() === 'pm' ? 12 : 0) : Number(found[1]);
    return ((hour * 60 + Number(found[2])) * 60 + Number(found[3])) * 1000;
  };

  const format = () =>
    strict('N/format', {
      Type: strict('format.Type', { DATE: 'date', DATETIMETZ: 'datetimetz' }),
      // What cannot be read comes back as it was given (NetSuite: format.parse).
      parse: (given) => {
        const { value, type } = options('format.parse', given, ['value', 'type']);
        const [shown, time] = /^(.*?)(?: (\d.*))?$/.exec(value).slice(1);
        const day = readDay(shown);
        const rest = type === 'date' ? 0 : readTime(time);
        if (day === null || rest === null) return value;
        const local = day + rest;
        // Twice, for a time near a change of the clocks.
        const near = local - aheadOfUtc(local);
        return new Date(local - aheadOfUtc(near));
      },
      format: (given) => {
        const { value, type } = options('format.format', given, ['value', 'type']);
        const local = new Date(value.getTime() + aheadOfUtc(value.getTime()));
        if (type === 'date') return shownDay(local);
        const hour = local.getUTCHours();
        const rest = sign + padded(local.getUTCMinutes()) + sign + padded(local.getUTCSeconds());
        const time = hasHalves ? `${hour % 12 || 12}${rest} ${hour < 12 ? 'am' : 'pm'}` : hour + rest;
        return `${shownDay(local)} ${time}`;
      },
    });

  const record = () =>
    strict('N/record', {
      Type: strict('record.Type', { VENDOR_PAYMENT: 'vendorpayment' }),
      attach: (given) => {
        const { record: what, to } = options('record.attach', given, ['record', 'to']);
        options('record.attach', what, ['type', 'id']);
        options('record.attach', to, ['type', 'id']);
        ask('attach', { what, to });
      },
    });

  const runtime = () =>
    strict('N/runtime', {
      accountId,
      Permission: strict('runtime.Permission', { FULL: 4, EDIT: 3, CREATE: 2, VIEW: 1, NONE: 0 }),
      getCurrentUser: () =>
        strict('runtime.User', {
          ...ask('user', {}),
          getPermission: (given) => ask('level', options('User.getPermission', given, ['name'])),
        }),
      getCurrentScript: () => strict('runtime.Script', { getRemainingUsage: () => ask('usage', {}) }),
    });

  const transaction = () =>
    strict('N/transaction', {
      Type: strict('transaction.Type', { VENDOR_PAYMENT: 'vendorpayment' }),
      void: (given) => ask('void', options('transaction.void', given, ['type', 'id'])),
    });

  const log = () => {
    const write = (given) => void options('log', given, ['title'], ['details']);
    return strict('N/log', { audit: write, debug: write, error: write });
  };

  const modules = {
    'N/encode': encode,
    'N/error': error,
    'N/file': file,
    'N/format': format,
    'N/log': log,
    'N/record': record,
    'N/runtime': runtime,
    'N/search': search,
    'N/transaction': transaction,
  };

  globalThis.define = (names, factory) => {
    script = { names, factory };
  };

  globalThis.checkModules = () => {
    for (const name of script.names) {
      if (!(name in modules)) throw new Error(`There is no module ${name} in the sandbox.`);
    }
  };

  /** Calls an entry point, and tells as JSON what it returned, what it threw, or that it is missing. */
  globalThis.run = (method, request) => {
    try {
      const entry = script.factory(...script.names.map((name) => modules[name]()))[method];
      return JSON.stringify(entry === undefined ? { missing: method } : { value: entry(JSON.parse(request)) });
    } catch (thrown) {
      const known = thrown instanceof SuiteScriptError;
      const [name, message] = known ? [thrown.name, thrown.message] : ['UNEXPECTED_ERROR', thrown];
      return JSON.stringify({ error: { name, message: String(message) } });
    }
  };
})();
