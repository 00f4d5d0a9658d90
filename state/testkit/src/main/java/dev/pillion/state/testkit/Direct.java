// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.state.DeleteOptions;
import dev.pillion.state.SaveOptions;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateStore;

/** Changes that are made at once, one by one, by the store's single verbs. */
record Direct(StateStore store) implements StateChanges {
  @Override
  public StateChanges save(String key, Object value) {
    store.save(key, value);
    return this;
  }

  @Override
  public StateChanges save(String key, Object value, SaveOptions options) {
    store.save(key, value, options);
    return this;
  }

  @Override
  public StateChanges delete(String key) {
    store.delete(key);
    return this;
  }

  @Override
  public StateChanges delete(String key, DeleteOptions options) {
    store.delete(key, options);
    return this;
  }
}
