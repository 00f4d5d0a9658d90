// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.spi;

import java.util.List;

/** Takes what a component has fetched. Thread-safe; never throws, errors of the JVM excepted. */
public interface MessageReceiver {
  /**
   * Handles one message, with all its attempts; returns when none runs any more. Blocks for as long
   * as that takes.
   */
  Disposition receive(Message message);

  /** Handles a batch of a bulk subscription. The answer is in the same order. */
  List<Disposition> receiveAll(List<Message> messages);

  /**
   * Another consumer has the message now: no further attempt begins, and a pause between two ends;
   * what runs goes on. Its {@link #receive} returns {@link Disposition#RELEASE}, unless it is done.
   */
  void revoke(Message message);
}
