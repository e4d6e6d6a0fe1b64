import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

// The server hands out dist/index.html for every page and the hashed files under /static/.
// SLIDEREEL_API: where a running server listens, for `vite dev` only.
const api = loadEnv('', '.', 'SLIDEREEL_')['SLIDEREEL_API'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: '/static/',
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined files would be data: URLs, which the content security policy allows for images only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { '/api': api }, fs: { allow: ['..'] } },
  // No test is to fail because the machine is busy.
  test: { include: ['**/*.test.ts'], environment: 'node', testTimeout: 60_000 },
});
