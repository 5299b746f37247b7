/** Failure codes: Transparency log. [what it means, what to do about it]. @module */

export const LOG_CODES = {
  CHECKPOINT_FORMAT: ['The checkpoint is not of the C2SP form.', 'Fetch it again; else the log is broken.'],
  CHECKPOINT_SIGNATURE: ["The checkpoint is not signed by the log's key.", 'Treat the log as forged.'],
  CHECKPOINT_NOT_QUOTED: [
    'The checkpoint is not the one that the hardware quoted.',
    'Wait for the next quote, or accept the grade signed.',
  ],
  LOG_ORIGIN: ["The checkpoint is another log's.", 'Check which gateway you talk to.'],
  LOG_INCLUSION: [
    'The receipt is not in the log at the place that the proof names.',
    'Treat the gateway as broken or hostile.',
  ],
  LOG_CONSISTENCY: [
    'A later checkpoint does not contain the earlier one.',
    'Keep both checkpoints: they are evidence of a rewritten log.',
  ],
  LOG_MMD_EXCEEDED: [
    'The receipt should be in the log by now and is not.',
    'Keep the receipt: it is evidence of omission.',
  ],
  LOG_SPLIT_VIEW: [
    'The log shows two trees of one size.',
    'Keep both signed checkpoints: together they prove that history was forked.',
  ],
  LOG_ROLLBACK: [
    'The log is smaller than it was before.',
    'Keep both signed checkpoints: they are evidence of a rewritten log.',
  ],
  LOG_STALE: [
    'The newest time that the log can prove is too old.',
    'Ask again; if it stays so, the log or its witnesses stand still.',
  ],
  LOG_TIME: [
    'The log or a witness is dated in the future.',
    'Check your own clock first; else treat the signer as broken.',
  ],
  LOG_FENCED: [
    'Another process writes this history now.',
    'Stop this one. Exactly one gateway may write under one lineage.',
  ],
  LOG_LEAF_CORRUPT: [
    'Stored octets are not those that the tree was made of.',
    'The detail names the index. Repair it from the write-ahead log or a mirror: `countersign log scrub --repair`.',
  ],
  STATE_ROLLBACK: [
    'The stored history is behind what a witness has seen.',
    'Somebody restored an old copy. The new log names the witnessed one; find out what happened in between.',
  ],
  PROOF_FORMAT: ['The inclusion proof is not of the C2SP tlog-proof form.', 'Fetch it again.'],
  WITNESS_QUORUM: ['Not enough witnesses have cosigned.', 'Wait for the witnesses, or ask for a lower grade.'],
} as const
