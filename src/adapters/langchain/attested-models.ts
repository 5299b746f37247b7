/** The two APIs behind ChatOpenAI, each call with the receipts of its own attempts. @module */
import type { BaseMessage } from '@langchain/core/messages'
import { type BaseChatOpenAIFields, ChatOpenAICompletions, ChatOpenAIResponses } from '@langchain/openai'
import { type CallParts, markEvents, markResult, markStream, withAttempts } from './receipt-marks.ts'
import { VerifiedCaller } from './retries.ts'

type Completions = CallParts<ChatOpenAICompletions>
type Responses = CallParts<ChatOpenAIResponses>

export class AttestedCompletions extends ChatOpenAICompletions {
  constructor(fields: BaseChatOpenAIFields) {
    super(fields)
    this.caller = new VerifiedCaller(fields)
  }

  override async _generate(
    messages: BaseMessage[],
    options: Completions['options'],
    runManager?: Completions['runManager'],
  ): Promise<Completions['result']> {
    // It reads a stream then, whose last chunk bears the receipt.
    if (this.streaming) return super._generate(messages, options, runManager)
    const { attempts, asking } = withAttempts(options)
    return markResult(await super._generate(messages, asking, runManager), attempts)
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: Completions['options'],
    runManager?: Completions['runManager'],
  ): Completions['chunks'] {
    const { attempts, asking } = withAttempts(options)
    yield* markStream(super._streamResponseChunks(messages, asking, runManager), attempts)
  }

  override async *_streamChatModelEvents(
    messages: BaseMessage[],
    options: Completions['options'],
    runManager?: Completions['runManager'],
  ): Completions['events'] {
    const { attempts, asking } = withAttempts(options)
    yield* markEvents(super._streamChatModelEvents(messages, asking, runManager), attempts)
  }
}

export class AttestedResponses extends ChatOpenAIResponses {
  constructor(fields: BaseChatOpenAIFields) {
    super(fields)
    this.caller = new VerifiedCaller(fields)
  }

  override async _generate(
    messages: BaseMessage[],
    options: Responses['options'],
    runManager?: Responses['runManager'],
  ): Promise<Responses['result']> {
    if (this.streaming) return super._generate(messages, options, runManager)
    const { attempts, asking } = withAttempts(options)
    return markResult(await super._generate(messages, asking, runManager), attempts)
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: Responses['options'],
    runManager?: Responses['runManager'],
  ): Responses['chunks'] {
    const { attempts, asking } = withAttempts(options)
    yield* markStream(super._streamResponseChunks(messages, asking, runManager), attempts)
  }

  override async *_streamChatModelEvents(
    messages: BaseMessage[],
    options: Responses['options'],
    runManager?: Responses['runManager'],
  ): Responses['events'] {
    const { attempts, asking } = withAttempts(options)
    yield* markEvents(super._streamChatModelEvents(messages, asking, runManager), attempts)
  }
}
