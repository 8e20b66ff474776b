/**
 * What SuiteTalk REST cannot do for AP Bridge: list and hand out the files of vendor bills, and void a
 * vendor payment that AP Bridge posted.
 *
 * POST a JSON object with an `action`:
 *
 *   {"action": "version"}
 *   {"action": "files", "bills": ["12", "34"]}   the files of at most 1,000 bills, by one search
 *   {"action": "changed", "since": "2026-07-19T03:04:00Z"}   bills with a file added or changed since then
 *   {"action": "content", "file": "77"}          a file's content in base64, at most 10 MB
 *   {"action": "void", "payment": "99"}          void a vendor payment
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
  'N/runtime',
  'N/search',
  'N/transaction',
], (encode, error, file, format, runtime, search, transaction) => {
  const VERSION = '1.2.0';

  /** Bills of one request: one page of a search has as many results at most. */
  const MOST_BILLS = 1000;

  /** Bytes. N/file reads no larger file. */
  const LARGEST_FILE = 10 * 1024 * 1024;

  /** Milliseconds. */
  const MINUTE = 60 * 1000;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;

  /** What the external ids of our own payments begin with. No other payment is voided. */
  const OUR_PAYMENTS = 'avidxchange-payment-';

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
        type: result.getValue(column.type),
        size: Number(result.getValue(column.kilobytes)) * 1024,
        modified: instant(result.getValue(column.modified)),
      })),
    );
    return { files };
  };

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
    const day = format.format({ value: new Date(begins - DAY), type: format.Type.DATE });
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
   */
  const instant = (shown) => {
    const type = format.Type.DATETIMETZ;
    const read = format.parse({ value: shown, type });
    // When clocks are put back an hour comes twice. Of both the later: nothing is dated before it happened.
    const later = new Date(read.getTime() + HOUR);
    const isTwice = format.parse({ value: format.format({ value: later, type }), type }).getTime() === read.getTime();
    return (isTwice ? later : read).toISOString().replace(/\.\d+/, '');
  };

  /**
   * Hands out a file, if it is attached to a vendor bill and to nothing less.
   *
   * @param {{file: string}} request
   * @returns {{id: string, name: string, type: string, size: number, content: string}}
   */
  const readFile = (request) => {
    const id = internalId(request.file, 'file');
    if (!isOnBill(id)) {
      throw refusal('FILE_NOT_ON_A_BILL', `File ${id} is not attached to any vendor bill.`);
    }
    const found = file.load({ id });
    if (found.size > LARGEST_FILE) {
      throw refusal('FILE_TOO_LARGE', `File ${id} has ${found.size} bytes; at most ${LARGEST_FILE} can be read.`);
    }
    return {
      id,
      name: found.name,
      type: found.fileType,
      size: found.size,
      content: base64Of(found),
    };
  };

  /**
   * @param {string} id - Internal id of a file.
   * @returns {boolean}
   */
  const isOnBill = (id) =>
    search
      .create({
        type: search.Type.VENDOR_BILL,
        filters: [['file.internalid', 'anyof', [id]], 'and', ['mainline', 'is', 'T']],
        columns: [search.createColumn({ name: 'internalid' })],
      })
      .run()
      .getRange({ start: 0, end: 1 }).length > 0;

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
    const id = internalId(request.payment, 'payment');
    const type = search.Type.VENDOR_PAYMENT;
    const { externalid: externalIds = [] } = search.lookupFields({ type, id, columns: ['externalid'] });
    if (!externalIds.some(({ value }) => value.startsWith(OUR_PAYMENTS))) {
      throw refusal('NOT_OUR_PAYMENT', `Vendor payment ${id} was not posted by AP Bridge; void it in NetSuite.`);
    }
    const voidedBy = transaction.void({ type: transaction.Type.VENDOR_PAYMENT, id });
    return { payment: id, voidedBy: String(voidedBy) };
  };

  const actions = { version, files: listFiles, changed: listChanged, content: readFile, void: voidPayment };

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
