/** Failure codes: Connections and their encryption. [what it means, what to do about it]. @module */

export const CHANNEL_CODES = {
  CHANNEL_BINDING_LEVEL: [
    'The connection is not bound to the session in a way that was asked for.',
    'Choose a channel that policy lists under live.channel; if the gateway does not offer it, do not send.',
  ],
  CHANNEL_KEY_MISMATCH: [
    'The connection ends in a key that the session does not name.',
    'Somebody stands between you and the gateway: do not send.',
  ],
  CHANNEL_EXPORTER_MISMATCH: [
    'The quote does not commit to this very connection.',
    'Somebody relays between two connections, or the socket is another one: do not send.',
  ],
  CHANNEL_CHANGED: [
    'The answer came from elsewhere than the gateway that was verified: a redirect, or another host.',
    'Give the final address of the gateway; treat a redirect that you do not expect as hostile.',
  ],
  TLS_VERSION: ['The connection is older than TLS 1.3.', 'Remove what downgrades TLS between you and the gateway.'],
  E2EE_KEY: [
    'Encrypted to a key that the gateway does not hold now.',
    'Verify the gateway again and use the keys of its session.',
  ],
  E2EE_SUITE: ['The encryption uses algorithms that nobody offered.', 'Use a suite of the key configuration.'],
  E2EE_REPLAY: ['The same ciphertext came before.', 'Encrypt each request anew.'],
  E2EE_STALE: ['The encrypted request is dated too far from now.', 'Correct the clock, then encrypt the request anew.'],
  E2EE_DECRYPT: [
    'A part does not decrypt: altered, reordered, or of another exchange.',
    'Treat what stands in between as hostile; send anew over another path.',
  ],
  E2EE_TRUNCATED: ['The encrypted message ends before its last part.', 'Do not use what came; ask again.'],
  E2EE_FORMAT: [
    'The encrypted message, or what is within, is not of its form.',
    'Use a client that speaks RFC 9458 and RFC 9292.',
  ],
} as const
