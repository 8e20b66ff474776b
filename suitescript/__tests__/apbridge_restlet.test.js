/** The RESTlet over Oracle's own stubs of N/...: what it asks NetSuite, and what it makes of the answers. */
import encode from 'N/encode';
import error from 'N/error';
import file from 'N/file';
import format from 'N/format';
import record from 'N/record';
import runtime from 'N/runtime';
import search from 'N/search';
import transaction from 'N/transaction';

import restlet from 'SuiteScripts/apbridge/apbridge_restlet';

const SHOWN = '7/18/2026 8:04 pm';
const READ = new Date('2026-07-19T03:04:00Z');

/** Answers every search with these rows; a row has a value for each `join.name`. */
const searchGives = (rows) => {
  const data = rows.map((row) => ({ getValue: ({ name, join }) => row[join ? `${join}.${name}` : name] }));
  search.create.mockReturnValue({
    run: () => ({ getRange: () => data }),
    runPaged: () => ({ pageRanges: data.length ? [{ index: 0 }] : [], fetch: () => ({ data }) }),
  });
};

const refusalOf = (request) => {
  try {
    restlet.post(request);
  } catch (thrown) {
    return thrown.name;
  }
  return undefined;
};

const FILE = {
  internalid: '12',
  'file.internalid': '77',
  'file.name': 'bill.pdf',
  'file.filetype': 'PDF',
  'file.documentsize': '3',
  'file.modified': SHOWN,
};

beforeEach(() => {
  // A spy on what Oracle's stub has not got is an error.
  jest.restoreAllMocks();
  jest.spyOn(error, 'create').mockImplementation((given) => Object.assign(new Error(given.message), given));
  jest.spyOn(search, 'create');
  jest.spyOn(search, 'createColumn').mockImplementation((given) => given);
  jest.spyOn(search, 'lookupFields');
  jest.spyOn(transaction, 'void').mockReturnValue(99);
  jest.spyOn(file, 'load');
  jest.spyOn(file, 'create').mockReturnValue({ save: () => 77 });
  jest.spyOn(record, 'attach');
  jest.spyOn(encode, 'convert').mockReturnValue('eA==');
  jest.spyOn(runtime, 'getCurrentScript');
  jest.spyOn(runtime, 'getCurrentUser').mockReturnValue({ id: -5, role: 3 });
  jest.spyOn(format, 'format').mockImplementation(({ value, type }) =>
    type === format.Type.DATE ? '7/18/2026' : `shown ${value.toISOString()}`,
  );
  jest.spyOn(format, 'parse').mockImplementation(({ value, type }) => {
    if (type === format.Type.DATE) return value === '7/18/2026' ? new Date('2026-07-18T07:00:00Z') : value;
    if (value === '7/18/2026 8:04:00 pm') return READ;
    return value.startsWith('shown ') ? new Date(value.slice('shown '.length)) : value;
  });
});

test('what it takes of N/... is in it, under the values that the sandbox has', () => {
  expect([search.Type.VENDOR_BILL, search.Type.VENDOR_PAYMENT, transaction.Type.VENDOR_PAYMENT]).toEqual([
    'vendorbill',
    'vendorpayment',
    'vendorpayment',
  ]);
  expect([format.Type.DATE, format.Type.DATETIMETZ]).toEqual(['date', 'datetimetz']);
  expect([encode.Encoding.UTF_8, encode.Encoding.BASE_64]).toEqual(['UTF_8', 'BASE_64']);
  const pictures = ['PDF', 'JPGIMAGE', 'PJPGIMAGE', 'PNGIMAGE', 'GIFIMAGE', 'TIFFIMAGE', 'BMPIMAGE'];
  expect(pictures.map((code) => file.Type[code])).toEqual(pictures);
});

test('a date and time is read with seconds, whatever the format', () => {
  searchGives([FILE]);
  expect(restlet.post({ action: 'files', bills: ['12'] }).files).toEqual([
    { bill: '12', id: '77', name: 'bill.pdf', type: 'PDF', size: 3072, modified: '2026-07-19T03:04:00Z' },
  ]);
  for (const [shown, asked] of [
    ['18.07.2026 20:04', '18.07.2026 20:04:00'],
    ['2026-07-18 20-04', '2026-07-18 20-04-00'],
    ['18-Jul-2026 8-04 pm', '18-Jul-2026 8-04-00 pm'],
    ['18-Jul-2026 8:04:05 pm', '18-Jul-2026 8:04:05 pm'],
  ]) {
    format.parse.mockClear();
    searchGives([{ ...FILE, 'file.modified': shown }]);
    expect(refusalOf({ action: 'files', bills: ['12'] })).toBe('UNREADABLE_DATE');
    expect(format.parse).toHaveBeenCalledWith({ value: asked, type: 'datetimetz' });
  }
});

test.each([
  ['given back as text', ({ value }) => value],
  ['no date at all', () => new Date(NaN)],
  ['nothing', () => undefined],
])('a date that comes back as %s looks nothing up', (_, parse) => {
  format.parse.mockImplementation(parse);
  searchGives([FILE]);
  expect(refusalOf({ action: 'files', bills: ['12'] })).toBe('UNREADABLE_DATE');
  search.create.mockClear();
  expect(refusalOf({ action: 'changed', since: '2026-07-19T03:04:00Z' })).toBe('UNREADABLE_DATE');
  expect(search.create).not.toHaveBeenCalled();
  expect(restlet.post({ action: 'try' }).date).toEqual({ failed: 'UNREADABLE_DATE' });
});

test('a day that is not written as text looks nothing up', () => {
  format.format.mockImplementation(({ value }) => value);
  expect(refusalOf({ action: 'changed', since: '2026-07-19T03:04:00Z' })).toBe('UNREADABLE_DATE');
  expect(search.create).not.toHaveBeenCalled();
});

test('files that changed are searched by the day before, as the user writes it', () => {
  searchGives([FILE]);
  expect(restlet.post({ action: 'changed', since: '2026-07-19T03:04:00Z' })).toEqual({
    bills: [{ bill: '12', modified: '2026-07-19T03:04:00Z' }],
  });
  const [[{ type, filters }]] = search.create.mock.calls;
  expect([type, filters[0]]).toEqual(['vendorbill', ['file.modified', 'onorafter', '7/18/2026']]);
});

test.each([
  ['there is none', {}],
  ['undefined', { externalid: undefined }],
  ['an empty text', { externalid: '' }],
  ['an empty list', { externalid: [] }],
  ['a list of nothing', { externalid: [null] }],
  ['nothing in it', { externalid: [{}] }],
  ["somebody else's", { externalid: [{ value: 'by-hand-avidxchange-payment-5', text: 'x' }] }],
  ["ours and somebody else's", { externalid: [{ value: 'avidxchange-payment-5' }, { value: 'other' }] }],
])('a payment whose external id is looked up as %s is not ours', (_, found) => {
  search.lookupFields.mockReturnValue(found);
  expect(refusalOf({ action: 'void', payment: '99' })).toBe('NOT_OUR_PAYMENT');
  expect(transaction.void).not.toHaveBeenCalled();
});

test('a payment of ours is voided', () => {
  search.lookupFields.mockReturnValue({ externalid: [{ value: 'avidxchange-payment-5', text: 'x' }] });
  expect(restlet.post({ action: 'void', payment: '99' })).toEqual({ payment: '99', voidedBy: '99' });
  expect(search.lookupFields).toHaveBeenCalledWith({ type: 'vendorpayment', id: '99', columns: ['externalid'] });
  expect(transaction.void).toHaveBeenCalledWith({ type: 'vendorpayment', id: '99' });
});

test.each([
  ['numbers', (level) => level],
  ['texts', (level) => String(level)],
])('levels of permissions that come as %s are named', (_, told) => {
  const given = { TRAN_VENDPYMT: runtime.Permission.EDIT, LIST_FIND: runtime.Permission.NONE };
  runtime.getCurrentUser.mockReturnValue({ getPermission: ({ name }) => told(given[name]) });
  expect(restlet.post({ action: 'permissions', names: Object.keys(given) })).toEqual({
    permissions: { TRAN_VENDPYMT: 'EDIT', LIST_FIND: 'NONE' },
  });
  expect(refusalOf({ action: 'permissions', names: ['TRAN_VENDPYMT', 7] })).toBe('INVALID_REQUEST');
});

test('a file is handed out in base64, and only if it is on a bill', () => {
  searchGives([]);
  expect(refusalOf({ action: 'content', file: '77' })).toBe('FILE_NOT_ON_A_BILL');
  expect(file.load).not.toHaveBeenCalled();
  searchGives([FILE]);
  const loaded = { name: 'a', fileType: 'PDF', size: 1, isText: false, getContents: () => 'AA==' };
  file.load.mockReturnValue(loaded);
  expect(restlet.post({ action: 'content', file: '77' }).content).toBe('AA==');
  file.load.mockReturnValue({ ...loaded, fileType: 'PLAINTEXT', isText: true, getContents: () => 'x' });
  expect(restlet.post({ action: 'content', file: '77' }).content).toBe('eA==');
  expect(encode.convert).toHaveBeenCalledWith({ string: 'x', inputEncoding: 'UTF_8', outputEncoding: 'BASE_64' });
});

/** Has files `a`, `b`, … on bills, of so many bytes each, and so many units left before each. */
const filesOnBills = (sizes, units = () => 4000) => {
  const rows = Object.keys(sizes).map((id) => ({ ...FILE, 'file.internalid': id }));
  searchGives(rows);
  runtime.getCurrentScript.mockReturnValue({ getRemainingUsage: units });
  file.load.mockImplementation(({ id }) => {
    if (sizes[id] === null) throw Object.assign(new Error('It is gone.'), { name: 'RCRD_DOESNT_EXIST' });
    return { name: id, fileType: 'PDF', size: sizes[id], isText: false, getContents: () => `AA${id}=` };
  });
};
const MB = 2 ** 20;
const answered = (files) =>
  restlet.post({ action: 'contents', files }).files.map((one) => one.content || (one.failed && one.failed.code));

test('several files are handed out by one search, and one that is refused keeps no other back', () => {
  filesOnBills({ 7: 1, 8: null, 9: 11 * MB, 10: 1 });
  expect(answered(['7', '8', '9', '11', '10'])).toEqual([
    'AA7=',
    'RCRD_DOESNT_EXIST',
    'FILE_TOO_LARGE',
    'FILE_NOT_ON_A_BILL',
    'AA10=',
  ]);
  expect(search.create).toHaveBeenCalledTimes(1);
  expect(search.create.mock.calls[0][0].filters[0]).toEqual(['file.internalid', 'anyof', ['7', '8', '9', '11', '10']]);
});

test('what is too much for one answer is left, but for the first', () => {
  filesOnBills({ 7: 10 * MB, 8: 1 });
  expect(answered(['7', '8'])).toEqual(['AA7=', undefined]);
  filesOnBills({ 7: 3 * MB, 8: 3 * MB, 9: 3 * MB, 10: 1 });
  file.load.mockClear();
  expect(answered(['7', '8', '9', '10'])).toEqual(['AA7=', 'AA8=', undefined, undefined]);
  expect(file.load).toHaveBeenCalledTimes(3);
});

test('no file is read for which units may be missing', () => {
  let left = 45;
  filesOnBills({ 7: 1, 8: 1, 9: 1 }, () => (left -= 10));
  expect(answered(['7', '8', '9'])).toEqual(['AA7=', 'AA8=', undefined]);
  expect(restlet.post({ action: 'contents', files: ['9'] }).files).toEqual([{ id: '9', left: true }]);
});

test('no file is read when whoever asked may soon give up', () => {
  let seconds = 0;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => 1000 * (seconds += 20));
  filesOnBills({ 7: 1, 8: 1, 9: 1 });
  expect(answered(['7', '8', '9'])).toEqual(['AA7=', 'AA8=', undefined]);
  clock.mockRestore();
});

test.each([[[]], [undefined], ['77'], [['x']], [Array(481).fill('7')]])('no files are asked for by what is no list of 1 to 480 ids (%#)', (files) => {
  expect(refusalOf({ action: 'contents', files })).toBe('INVALID_REQUEST');
  expect(search.create).not.toHaveBeenCalled();
});

test('a type that is shown by its name is told by the end of the name', () => {
  searchGives([{ ...FILE, 'file.name': 'Bill.JPEG', 'file.filetype': 'JPEG-Bild' }]);
  expect(restlet.post({ action: 'files', bills: ['12'] }).files[0].type).toBe('JPGIMAGE');
});

const ATTACH = { action: 'attach', payment: '99', folder: '7', name: 'avidxchange-payment-5.pdf', content: 'JVBERi0=' };

test('the image of a cleared check is attached to a payment of ours, once', () => {
  expect(record.Type.VENDOR_PAYMENT).toBe('vendorpayment');
  search.lookupFields.mockReturnValue({ externalid: [{ value: 'avidxchange-payment-5', text: 'x' }] });
  searchGives([]);
  expect(restlet.post(ATTACH)).toEqual({ payment: '99', file: '77', added: true });
  expect(file.create).toHaveBeenCalledWith({ name: ATTACH.name, fileType: 'PDF', contents: 'JVBERi0=', folder: 7 });
  expect(record.attach).toHaveBeenCalledWith({
    record: { type: 'file', id: 77 },
    to: { type: 'vendorpayment', id: '99' },
  });
  file.create.mockClear();
  searchGives([FILE]);
  expect(restlet.post(ATTACH)).toEqual({ payment: '99', file: '77', added: false });
  expect(file.create).not.toHaveBeenCalled();
});

test.each([
  ['INVALID_REQUEST', { folder: 'SuiteScripts' }],
  ['INVALID_REQUEST', { name: 'apbridge_restlet.js' }],
  ['INVALID_REQUEST', { name: 'avidxchange-payment-5.js' }],
  ['INVALID_REQUEST', { name: '../avidxchange-payment-5.pdf' }],
  ['INVALID_REQUEST', { content: '' }],
  ['INVALID_REQUEST', { content: 7 }],
  ['INVALID_REQUEST', { payment: 'all' }],
  ['NOT_OUR_PAYMENT', {}],
])('nothing is attached: %s', (code, change) => {
  search.lookupFields.mockReturnValue({});
  expect(refusalOf({ ...ATTACH, ...change })).toBe(code);
  expect([file.create, record.attach].some((each) => each.mock.calls.length)).toBe(false);
});
