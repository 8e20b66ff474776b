/**
 * What SuiteTalk REST cannot do for AP Bridge: list and hand out the files of vendor bills, void a vendor
 * payment that AP Bridge posted, and attach the image of its cleared check to it.
 *
 * POST a JSON object with an `action`:
 *
 *   {"action": "version"}
 *   {"action": "try"}                            whether dates and files can be read here; names no record
 *   {"action": "permissions", "names": ["TRAN_VENDPYMT"]}   the levels at which the role has some permissions
 *   {"action": "files", "bills": ["12", "34"]}   the files of at most 1,000 bills, by one search
 *   {"action": "changed", "since": "2026-07-19T03:04:00Z"}   bills with a file added or changed since then
 *   {"action": "content", "file": "77"}          a file's content in base64, at most 10 MB
 *   {"action": "contents", "files": ["77", "78"]}   the same of several, as many as one answer takes
 *   {"action": "void", "payment": "99"}          void a vendor payment
 *   {"action": "attach", "payment": "99", "folder": "7", "name": "avidxchange-payment-5.pdf", "content": "JVBERi0="}
 *                                                attach a file to a vendor payment, once
 *
 * Refusals come as NetSuite writes them: HTTP 400, {"error": {"code", "message"}}.
 *
 * @NApiVersion 2.1
 * @NScriptType Restlet
 * @NModuleScope SameAccount
 */
define([
  'N/encode',
  'N/error',
  'N/file',
  'N/format',
  'N/record',
  'N/runtime',
  'N/search',
  'N/transaction',
], (encode, error, file, format, record, runtime, search, transaction) => {
  const VERSION = '1.5.0';

  /** Permissions of one request. */
  const MOST_PERMISSIONS = 100;

  const LEVELS = ['FULL', 'EDIT', 'CREATE', 'VIEW', 'NONE'];

  /** Bills of one request: one page of a search has as many results at most. */
  const MOST_BILLS = 1000;

  /** Bytes. N/file reads no larger file. */
  const LARGEST_FILE = 10 * 1024 * 1024;

  /** Files of one request: each takes 10 of the 5,000 units of a call, and what finds them takes some too. */
  const MOST_FILES = 480;

  /** Characters of content in one answer. NetSuite guarantees 10 MB of it, names and all. */
  const MOST_CONTENT = 9 * 1000 * 1000;

  /** Units that must be left for one more file: beyond the last one a script is ended, and all it has read is lost. */
  const UNITS_OF_A_FILE = 20;

  /** Milliseconds after which no more files are read: whoever asked, or is in between, may give up after a minute. */
  const MOST_TIME = 45 * 1000;

  /** Milliseconds. */
  const MINUTE = 60 * 1000;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;

  /** What the external ids of our own payments begin with. No other payment is voided. */
  const OUR_PAYMENTS = 'avidxchange-payment-';

  /** Types of pictures, by the end of a file's name. */
  const TYPES = {
    pdf: file.Type.PDF,
    jpg: file.Type.JPGIMAGE,
    jpeg: file.Type.JPGIMAGE,
    png: file.Type.PNGIMAGE,
    gif: file.Type.GIFIMAGE,
    tif: file.Type.TIFFIMAGE,
    tiff: file.Type.TIFFIMAGE,
    bmp: file.Type.BMPIMAGE,
  };

  /**
   * Makes an error that the caller is meant to read.
   *
   * @param {string} code - For programs.
   * @param {string} message - For people.
   * @returns {error.SuiteScriptError}
   */
  const refusal = (code, message) => error.create({ name: code, message, notifyOff: true });

  /**
   * @param {*} value - What should be an internal id.
   * @param {string} name - Of the property that holds it.
   * @returns {string}
   * @throws {error.SuiteScriptError} INVALID_REQUEST
   */
  const internalId = (value, name) => {
    const id = String(value);
    if (!/^[1-9][0-9]*$/.test(id)) {
      throw refusal('INVALID_REQUEST', `${name} has to be an internal id, not ${JSON.stringify(value)}.`);
    }
    return id;
  };

  /** Tells which script answers, where, and who asked it, in which role. */
  const version = () => {
    const { id, role } = runtime.getCurrentUser();
    return { version: VERSION, account: runtime.accountId, user: String(id), role: String(role) };
  };

  /**
   * Tries what the other actions stand on: a date, written and read back, and the first file that is on a bill.
   * Nothing of a record is told.
   *
   * @returns {{version: string, account: string, user: string, role: string, date: Object, file: Object}} `date`
   *   is how this user sees an instant, and as what it was read; `file` whether there is one, its type and whether
   *   its date and content were read; either may be `{failed}`, the code of an error.
   */
  const tryOut = () => ({ ...version(), date: outcome(tryDate), file: outcome(tryFile) });

  const outcome = (attempt) => {
    try {
      return attempt();
    } catch (thrown) {
      return { failed: thrown.name };
    }
  };

  const tryDate = () => {
    const shown = format.format({ value: new Date('2026-07-19T03:04:00Z'), type: format.Type.DATETIMETZ });
    return { shown, read: instant(shown) };
  };

  const tryFile = () => {
    const bill = search.createColumn({ name: 'internalid' });
    const [found] = search
      .create({
        type: search.Type.VENDOR_BILL,
        filters: [['mainline', 'is', 'T'], 'and', ['file.internalid', 'noneof', '@NONE@']],
        columns: [bill],
      })
      .run()
      .getRange({ start: 0, end: 1 });
    if (!found) return { found: false };
    const [listed] = listFiles({ bills: [found.getValue(bill)] }).files;
    return { found: true, type: listed.type, read: readFile({ file: listed.id }).content.length > 0 };
  };

  /**
   * Tells at which levels the role has some permissions: REST shows of most of them only whether it has them.
   *
   * @param {{names: string[]}} request - Internal ids of permissions.
   * @returns {{permissions: Object<string, string>}} NONE, VIEW, CREATE, EDIT or FULL of each.
   */
  const listPermissions = ({ names }) => {
    const known = (name) => typeof name === 'string' && /^[A-Z0-9_]{1,60}$/.test(name);
    if (!Array.isArray(names) || names.length > MOST_PERMISSIONS || !names.every(known)) {
      throw refusal('INVALID_REQUEST', `names has to be a list of at most ${MOST_PERMISSIONS} ids of permissions.`);
    }
    const user = runtime.getCurrentUser();
    // Documented as a text, and as a number in Oracle's stubs.
    const levelOf = (name) => {
      const found = String(user.getPermission({ name }));
      return LEVELS.find((level) => String(runtime.Permission[level]) === found);
    };
    return { permissions: Object.fromEntries(names.map((name) => [name, levelOf(name)])) };
  };

  /**
   * Lists the files attached to bills: one search of bills joined to their files, however many there are.
   * A bill without files is not in the list. The search tells sizes in whole kilobytes.
   *
   * @param {{bills: string[]}} request
   * @returns {{files: {bill: string, id: string, name: string, type: string, size: number, modified: string}[]}}
   */
  const listFiles = ({ bills }) => {
    if (!Array.isArray(bills) || bills.length === 0 || bills.length > MOST_BILLS) {
      throw refusal('INVALID_REQUEST', `bills has to be a list of 1 to ${MOST_BILLS} internal ids.`);
    }
    const column = {
      bill: search.createColumn({ name: 'internalid' }),
      id: search.createColumn({ name: 'internalid', join: 'file' }),
      name: search.createColumn({ name: 'name', join: 'file' }),
      type: search.createColumn({ name: 'filetype', join: 'file' }),
      kilobytes: search.createColumn({ name: 'documentsize', join: 'file' }),
      modified: search.createColumn({ name: 'modified', join: 'file' }),
    };
    const results = search
      .create({
        type: search.Type.VENDOR_BILL,
        filters: [
          ['internalid', 'anyof', bills.map((bill) => internalId(bill, 'bills'))],
          'and',
          ['mainline', 'is', 'T'],
          'and',
          ['file.internalid', 'noneof', '@NONE@'],
        ],
        columns: Object.values(column),
      })
      .runPaged({ pageSize: 1000 });
    const files = results.pageRanges.flatMap(({ index }) =>
      results.fetch({ index }).data.map((result) => ({
        bill: result.getValue(column.bill),
        id: result.getValue(column.id),
        name: result.getValue(column.name),
        type: fileType(result.getValue(column.type), result.getValue(column.name)),
        size: Number(result.getValue(column.kilobytes)) * 1024,
        modified: instant(result.getValue(column.modified)),
      })),
    );
    return { files };
  };

  /**
   * @param {string} shown - A file's type as the search has it: by its code, or in some accounts by its name in
   *   this user's language.
   * @param {string} name - The file's.
   * @returns {string} The code, told by the end of the file's name where the search has none.
   */
  const fileType = (shown, name) =>
    /^_?[A-Z0-9]+$/.test(shown) ? shown : TYPES[String(name).split('.').pop().toLowerCase()] || shown;

  /**
   * Tells of which bills a file was added or changed since an instant, and when. NetSuite dates the file, not its
   * being attached. The search tells whole minutes, so that the last minute may be told once more.
   *
   * @param {{since: string}} request
   * @returns {{bills: {bill: string, modified: string}[]}}
   */
  const listChanged = ({ since }) => {
    const begins = Date.parse(since);
    if (Number.isNaN(begins)) {
      throw refusal('INVALID_REQUEST', `since has to be an instant, not ${JSON.stringify(since)}.`);
    }
    const bill = search.createColumn({ name: 'internalid' });
    const modified = search.createColumn({ name: 'modified', join: 'file' });
    // A day of this user's may begin a day before that of UTC.
    const day = shownDay(new Date(begins - DAY));
    const results = search
      .create({
        type: search.Type.VENDOR_BILL,
        filters: [['file.modified', 'onorafter', day], 'and', ['mainline', 'is', 'T']],
        columns: [bill, modified],
      })
      .runPaged({ pageSize: 1000 });
    const latest = new Map();
    for (const { index } of results.pageRanges) {
      for (const result of results.fetch({ index }).data) {
        const id = result.getValue(bill);
        const moment = instant(result.getValue(modified));
        if (Date.parse(moment) > begins - MINUTE && !(latest.get(id) >= moment)) latest.set(id, moment);
      }
    }
    return { bills: [...latest].map(([id, moment]) => ({ bill: id, modified: moment })) };
  };

  /**
   * @param {string} shown - A date and time in this user's format and time zone.
   * @returns {string} The same as UTC, in ISO 8601, without fractions of a second.
   * @throws {error.SuiteScriptError} UNREADABLE_DATE
   */
  const instant = (shown) => {
    const read = parsed(shown);
    // When clocks are put back an hour comes twice. Of both the later: nothing is dated before it happened.
    const later = new Date(read.getTime() + HOUR);
    const again = format.format({ value: later, type: format.Type.DATETIMETZ });
    const isTwice = parsed(again).getTime() === read.getTime();
    return (isTwice ? later : read).toISOString().replace(/\.\d+/, '');
  };

  /**
   * Reads a date and time. N/format reads none without seconds, which a search does not tell, and gives back
   * unchanged what it cannot read.
   *
   * @param {string} shown - In this user's format and time zone.
   * @returns {Date}
   * @throws {error.SuiteScriptError} UNREADABLE_DATE
   */
  const parsed = (shown) => {
    const value = String(shown).replace(/(\s\d{1,2}([:-])\d{2})(?=\D*$)/, (minute, _, sign) => `${minute}${sign}00`);
    const read = format.parse({ value, type: format.Type.DATETIMETZ });
    if (!isDate(read)) throw unreadable(shown);
    return read;
  };

  /**
   * @param {Date} day
   * @returns {string} In this user's format, as a search takes it.
   * @throws {error.SuiteScriptError} UNREADABLE_DATE
   */
  const shownDay = (day) => {
    const type = format.Type.DATE;
    const shown = format.format({ value: day, type });
    // A search by a day that NetSuite does not read may find nothing, without a word.
    if (typeof shown !== 'string' || !isDate(format.parse({ value: shown, type }))) throw unreadable(shown);
    return shown;
  };

  const isDate = (read) => Object.prototype.toString.call(read) === '[object Date]' && !Number.isNaN(read.getTime());

  const unreadable = (shown) =>
    refusal('UNREADABLE_DATE', `NetSuite shows a date as ${JSON.stringify(shown)} and does not read it back.`);

  /**
   * Hands out a file, if it is attached to a vendor bill and to nothing less.
   *
   * @param {{file: string}} request
   * @returns {{id: string, name: string, type: string, size: number, content: string}}
   */
  const readFile = (request) => {
    const id = internalId(request.file, 'file');
    return told(id, load(id, onBills([id])));
  };

  /**
   * Hands out several files, each as `content` does. One that is refused is no reason to refuse the others. What is
   * too much for one answer, or for the units or the time of one call, is left: whoever wants it asks again.
   *
   * @param {{files: string[]}} request
   * @returns {{files: {id: string, name: string, type: string, size: number, content: string}[]}} Of each file that
   *   was asked for, in that order, its content, or `failed`, a `{code, message}`, or `left: true`. The first is
   *   never left.
   */
  const readFiles = ({ files }) => {
    if (!Array.isArray(files) || files.length === 0 || files.length > MOST_FILES) {
      throw refusal('INVALID_REQUEST', `files has to be a list of 1 to ${MOST_FILES} internal ids.`);
    }
    const ids = files.map((id) => internalId(id, 'files'));
    const allowed = onBills(ids);
    const script = runtime.getCurrentScript();
    const begun = Date.now();
    let room = MOST_CONTENT;
    let isFull = false;
    const read = (id) => {
      const found = load(id, allowed);
      const characters = 4 * Math.ceil(found.size / 3);
      isFull = characters > room && room < MOST_CONTENT;
      if (isFull) return { id, left: true };
      room -= characters;
      return told(id, found);
    };
    const answer = (id) => {
      isFull = isFull || script.getRemainingUsage() < UNITS_OF_A_FILE || Date.now() - begun > MOST_TIME;
      if (isFull) return { id, left: true };
      try {
        return read(id);
      } catch (thrown) {
        return { id, failed: { code: String(thrown.name), message: String(thrown.message) } };
      }
    };
    return { files: ids.map(answer) };
  };

  /**
   * @param {string} id - Internal id of a file.
   * @param {file.File} found - The file.
   * @returns {{id: string, name: string, type: string, size: number, content: string}}
   */
  const told = (id, found) => ({
    id,
    name: found.name,
    type: found.fileType,
    size: found.size,
    content: base64Of(found),
  });

  /**
   * @param {string} id - Internal id of a file.
   * @param {Set<string>} allowed - Ids of those that may be handed out.
   * @returns {file.File}
   * @throws {error.SuiteScriptError} FILE_NOT_ON_A_BILL, FILE_TOO_LARGE
   */
  const load = (id, allowed) => {
    if (!allowed.has(id)) {
      throw refusal('FILE_NOT_ON_A_BILL', `File ${id} is not attached to any vendor bill.`);
    }
    const found = file.load({ id });
    if (found.size > LARGEST_FILE) {
      throw refusal('FILE_TOO_LARGE', `File ${id} has ${found.size} bytes; at most ${LARGEST_FILE} can be read.`);
    }
    return found;
  };

  /**
   * @param {string[]} ids - Internal ids of files.
   * @returns {Set<string>} Those of them that are attached to a vendor bill, by one search.
   */
  const onBills = (ids) => {
    const id = search.createColumn({ name: 'internalid', join: 'file' });
    const results = search
      .create({
        type: search.Type.VENDOR_BILL,
        filters: [['file.internalid', 'anyof', ids], 'and', ['mainline', 'is', 'T']],
        columns: [id],
      })
      .runPaged({ pageSize: 1000 });
    const rows = results.pageRanges.flatMap(({ index }) => results.fetch({ index }).data);
    return new Set(rows.map((row) => String(row.getValue(id))));
  };

  /**
   * @param {file.File} found
   * @returns {string} Its content; NetSuite gives a text file's as text, any other's in base64 already.
   */
  const base64Of = (found) => {
    const contents = found.getContents();
    return found.isText
      ? encode.convert({
          string: contents,
          inputEncoding: encode.Encoding.UTF_8,
          outputEncoding: encode.Encoding.BASE_64,
        })
      : contents;
  };

  /**
   * Voids a vendor payment that AP Bridge posted. How it is voided, in place or by a reversing journal, is
   * the account's preference.
   *
   * @param {{payment: string}} request
   * @returns {{payment: string, voidedBy: string}} `voidedBy` is the reversing journal, or the payment itself.
   */
  const voidPayment = (request) => {
    const id = ourPayment(request.payment);
    const voidedBy = transaction.void({ type: transaction.Type.VENDOR_PAYMENT, id });
    return { payment: id, voidedBy: String(voidedBy) };
  };

  /**
   * @param {*} value - What should be the internal id of a vendor payment that AP Bridge posted or linked.
   * @returns {string}
   * @throws {error.SuiteScriptError} INVALID_REQUEST, NOT_OUR_PAYMENT
   */
  const ourPayment = (value) => {
    const id = internalId(value, 'payment');
    const type = search.Type.VENDOR_PAYMENT;
    const { externalid: externalIds } = search.lookupFields({ type, id, columns: ['externalid'] });
    if (!isOurs(externalIds)) {
      throw refusal('NOT_OUR_PAYMENT', `Vendor payment ${id} was not posted by AP Bridge; change it in NetSuite.`);
    }
    return id;
  };

  /**
   * Attaches a file to a vendor payment of ours, and nothing where one of that name is attached to it. Saving a file
   * under the name of another one of its folder replaces that: no name but that of a payment of ours is taken.
   *
   * @param {{payment: string, folder: string, name: string, content: string}} request - `content` in base64.
   * @returns {{payment: string, file: string, added: boolean}}
   */
  const attachFile = (request) => {
    const { name, content } = request;
    const folder = internalId(request.folder, 'folder');
    const [, end] = /^avidxchange-payment-[A-Za-z0-9_-]+\.([a-z]+)$/.exec(String(name)) || [];
    if (!Object.keys(TYPES).includes(end)) {
      throw refusal('INVALID_REQUEST', `name has to be that of a picture of a payment, not ${JSON.stringify(name)}.`);
    }
    if (typeof content !== 'string' || content.length === 0 || content.length > LARGEST_FILE) {
      throw refusal('INVALID_REQUEST', `content has to be base64 of at most ${LARGEST_FILE} characters.`);
    }
    const payment = ourPayment(request.payment);
    const known = fileOf(payment, name);
    if (known) return { payment, file: known, added: false };
    const id = file.create({ name, fileType: TYPES[end], contents: content, folder: Number(folder) }).save();
    record.attach({ record: { type: 'file', id }, to: { type: record.Type.VENDOR_PAYMENT, id: payment } });
    return { payment, file: String(id), added: true };
  };

  /**
   * @param {string} payment - Internal id.
   * @param {string} name
   * @returns {string|undefined} The file of that name that is attached to it.
   */
  const fileOf = (payment, name) => {
    const id = search.createColumn({ name: 'internalid', join: 'file' });
    const [found] = search
      .create({
        type: search.Type.VENDOR_PAYMENT,
        filters: [
          ['internalid', 'anyof', [payment]],
          'and',
          ['mainline', 'is', 'T'],
          'and',
          ['file.name', 'is', name],
        ],
        columns: [id],
      })
      .run()
      .getRange({ start: 0, end: 1 });
    return found && found.getValue(id);
  };

  /**
   * @param {{value: string}[]|undefined} externalIds - As a look-up has them: empty, or not there at all, where a
   *   payment has none or is none.
   * @returns {boolean} Whether they say that AP Bridge posted it. Nothing at all never does.
   */
  const isOurs = (externalIds) =>
    Array.isArray(externalIds) &&
    externalIds.length > 0 &&
    externalIds.every((each) => each && String(each.value).startsWith(OUR_PAYMENTS));

  const actions = {
    version,
    try: tryOut,
    permissions: listPermissions,
    files: listFiles,
    changed: listChanged,
    content: readFile,
    contents: readFiles,
    void: voidPayment,
    attach: attachFile,
  };

  /**
   * @param {{action: string}} request - The body of the call.
   * @returns {Object} What the action gives.
   */
  const post = (request) => {
    const wanted = request && request.action;
    if (!Object.keys(actions).includes(wanted)) {
      const known = Object.keys(actions).join(', ');
      throw refusal('UNKNOWN_ACTION', `action has to be one of ${known}, not ${JSON.stringify(wanted)}.`);
    }
    return actions[wanted](request);
  };

  return { post };
});
