// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.pubsub.DeliveryResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a program says of the events of one batch, by entry ids, which are their positions. What it
 * does not mention has failed. Used by one thread.
 */
public final class BulkOutcomes {
  private final int size;
  private final Map<String, DeliveryResult> said = new HashMap<>();

  private BulkOutcomes(int size) {
    this.size = size;
  }

  /** Nothing said yet of so many events. */
  public static BulkOutcomes of(int size) {
    return new BulkOutcomes(size);
  }

  /** The same outcome for all. */
  public static List<DeliveryResult> all(int size, DeliveryResult outcome) {
    return Collections.nCopies(size, outcome);
  }

  /** What the program is told as the id of the entry at this position. */
  public static String entryId(int position) {
    return Integer.toString(position);
  }

  /** Notes what was said of an entry; the last word counts, words about others do not. */
  public BulkOutcomes say(String entryId, DeliveryResult outcome) {
    said.put(entryId, outcome);
    return this;
  }

  /** The outcomes in the order of the events. */
  public List<DeliveryResult> list() {
    var outcomes = new ArrayList<DeliveryResult>(size);
    for (int i = 0; i < size; i++) {
      outcomes.add(said.getOrDefault(entryId(i), DeliveryResult.RETRY));
    }
    return outcomes;
  }
}
