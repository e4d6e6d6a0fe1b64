import { expect, test } from 'vitest';
import { MemoryStorage } from './memoryStorage';
import { ResumeStore, uploadIdOf } from './resumeStore';

const entry = { fingerprint: 'f1', url: 'http://host/api/v1/uploads/u1', size_bytes: 9 };

test('what was put is found by file and by upload', () => {
  const store = new ResumeStore(new MemoryStorage());
  store.put(entry);
  expect(store.find('f1')).toEqual(entry);
  expect(store.findByUploadId('u1')).toEqual(entry);
  expect(store.find('f2')).toBeNull();
  expect(store.findByUploadId('u2')).toBeNull();
  store.remove('f1');
  expect(store.find('f1')).toBeNull();
});

test('damaged or foreign entries are as good as none', () => {
  const storage = new MemoryStorage();
  storage.setItem('slidereel-upload:f1', '{"url":');
  storage.setItem('slidereel-upload:f2', '{"url":5,"size_bytes":1}');
  storage.setItem('other', 'text');
  const store = new ResumeStore(storage);
  expect(store.find('f1')).toBeNull();
  expect(store.find('f2')).toBeNull();
  expect(store.findByUploadId('u1')).toBeNull();
});

test('a full storage does not stop an upload', () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  expect(() => new ResumeStore(storage).put(entry)).not.toThrow();
});

test('an upload’s id is the end of its address', () => {
  expect(uploadIdOf('/api/v1/uploads/u1?x=1')).toBe('u1');
});
