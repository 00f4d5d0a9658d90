// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One write of the model.
 *
 * @param value what is saved; null for a delete
 * @param firstWrite whether no value may be there
 * @param etag the etag the value must have; null when any will do
 * @param expires whether it is saved for an hour, which never ends while the model runs
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
record ModelChange(
    String key,
    byte @Nullable [] value,
    boolean firstWrite,
    @Nullable String etag,
    boolean expires) {
  boolean isAllowed(Map<String, byte[]> values, Map<String, String> etags) {
    if (firstWrite) {
      return !values.containsKey(key);
    }
    return etag == null || etag.equals(etags.get(key));
  }

  void applyTo(Map<String, byte[]> values) {
    if (value == null) {
      values.remove(key);
    } else {
      values.put(key, value);
    }
  }

  void writeTo(StateChanges changes) {
    if (value == null) {
      changes.delete(key, etag == null ? DeleteOptions.defaults() : DeleteOptions.ifMatch(etag));
      return;
    }
    var options = firstWrite
        ? SaveOptions.firstWrite()
        : etag == null ? SaveOptions.defaults() : SaveOptions.ifMatch(etag);
    changes.save(key, value.clone(), expires ? options.expireAfter(StateTopic.LONG) : options);
  }

  @Override
  public String toString() {
    return (value == null ? "delete " : "save " + value.length + " bytes in ")
        + key
        + (firstWrite ? " by first-write" : etag == null ? "" : " with etag " + etag)
        + (expires ? " for an hour" : "");
  }
}
