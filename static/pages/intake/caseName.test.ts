import { expect, test } from 'vitest';
import { caseNameError, looksLikePatient } from './caseName';

test.each(['Doe, Jane', 'DOE^JANE', 'Jane Doe', 'Müller, Anna-Lena', "O'Brien, Pat", 'STUDY 12.03.1961', '19610312', 'x 1961-03-12'])(
  '“%s” looks like a patient',
  (name) => expect(looksLikePatient(name)).toBe(true),
);

test.each(['STUDY7-0042', 'Unsorted', 'CRC 12', 'case-0001', 'S24-1234', 'B2', 'TCGA-A1-A0SB', ''])('“%s” looks like a code', (name) =>
  expect(looksLikePatient(name)).toBe(false),
);

test('a case has a name that is not too long', () => {
  expect(caseNameError('  ')).toMatch(/which case/);
  expect(caseNameError('x'.repeat(121))).toMatch(/120/);
  expect(caseNameError('STUDY7-0042')).toBeNull();
});
