// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.engine;

import dev.pillion.BuildingBlockException;
import dev.pillion.CallTimeoutException;
import dev.pillion.ComponentException;
import dev.pillion.EtagMismatchException;
import dev.pillion.SerializationException;
import dev.pillion.TransactionException;
import java.util.function.UnaryOperator;

/**
 * Gives a store's failure the verb, the program's key, the store's name and Dapr's code. The texts
 * are Dapr's.
 */
final class StateFailures {
  private final String store;

  StateFailures(String store) {
    this.store = store;
  }

  BuildingBlockException get(String key, BuildingBlockException e) {
    return named("ERR_STATE_GET", "fail to get %s from state store %s: ".formatted(key, store), e);
  }

  BuildingBlockException getAll(BuildingBlockException e) {
    return named(
        "ERR_STATE_BULK_GET", "failed to get values from state store %s: ".formatted(store), e);
  }

  BuildingBlockException save(String key, BuildingBlockException e) {
    return e instanceof EtagMismatchException mismatch
        ? withKey(mismatch, stored -> key)
        : named("ERR_STATE_SAVE", "failed saving state in state store %s: ".formatted(store), e);
  }

  BuildingBlockException delete(String key, BuildingBlockException e) {
    return e instanceof EtagMismatchException mismatch
        ? withKey(mismatch, stored -> key)
        : named("ERR_STATE_DELETE", "failed deleting state with key %s: ".formatted(key), e);
  }

  BuildingBlockException bulk(BuildingBlockException e) {
    return named("ERR_STATE_SAVE", "failed saving state in state store %s: ".formatted(store), e);
  }

  BuildingBlockException transaction(ChangeList changes, BuildingBlockException e) {
    if (e instanceof TransactionException) {
      return e;
    }
    var cause = e instanceof EtagMismatchException mismatch ? withKey(mismatch, changes::keyOf) : e;
    return new TransactionException(
        "ERR_STATE_TRANSACTION",
        "error while executing state transaction: " + cause.getMessage(),
        cause);
  }

  private static BuildingBlockException named(String code, String what, BuildingBlockException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (e instanceof ComponentException component) {
      return new ComponentException(code, what + e.getMessage(), component.isTransient(), cause);
    }
    if (e instanceof CallTimeoutException) {
      return new CallTimeoutException(code, what + e.getMessage(), cause);
    }
    if (e instanceof SerializationException) {
      return new SerializationException(what + e.getMessage(), cause);
    }
    return e;
  }

  private static EtagMismatchException withKey(EtagMismatchException e, UnaryOperator<String> key) {
    return new EtagMismatchException(
        e.errorCode(), key.apply(e.key()), e.expected(), e.malformedReason());
  }
}
