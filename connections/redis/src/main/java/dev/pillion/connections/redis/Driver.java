// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import java.util.concurrent.CompletionStage;

/** A client of the driver's, own or borrowed. */
interface Driver {
  CompletionStage<? extends Link> connect();

  /** Gives an own client back; leaves a borrowed one alone. */
  void close();
}
