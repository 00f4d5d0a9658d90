// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.testkit;

import dev.pillion.BulkException;
import dev.pillion.ComponentException;
import dev.pillion.state.StateChanges;
import dev.pillion.state.StateEntries;
import dev.pillion.state.StateEntry;
import dev.pillion.state.StateStore;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A way to a right store that spoils what goes through. */
final class FlawedDoor implements InvocationHandler {
  private final StateStore store;
  private final Flaw flaw;
  private final Map<String, byte[]> callersArrays = new ConcurrentHashMap<>();

  private FlawedDoor(StateStore store, Flaw flaw) {
    this.store = store;
    this.flaw = flaw;
  }

  static StateStore to(StateStore store, Flaw flaw) {
    return flaw.name().startsWith("DOOR_")
        ? proxy(StateStore.class, new FlawedDoor(store, flaw))
        : store;
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    return switch (flaw) {
      case DOOR_TAKES_WHAT_IT_SHOULD_REFUSE -> takingAll(method, arguments);
      case DOOR_READS_IN_ANOTHER_ORDER -> reversed(pass(method, arguments));
      case DOOR_REFUSES_EMPTY_CALLS -> refusingEmpty(method, arguments);
      case DOOR_SENDS_AFTER_THE_WRITER_THREW -> pass(method, swallowing(arguments));
      case DOOR_UNWRAPS_A_SINGLE_BULK_FAILURE -> unwrapping(method, arguments);
      case DOOR_KEEPS_THE_CALLERS_ARRAY -> keeping(method, arguments);
      default -> pass(method, arguments);
    };
  }

  private Object pass(Method method, Object[] arguments) throws Throwable {
    return call(store, method, arguments);
  }

  private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private Object takingAll(Method method, Object[] arguments) throws Throwable {
    try {
      return pass(method, arguments);
    } catch (IllegalArgumentException e) {
      if (method.getReturnType() == Optional.class) {
        return Optional.empty();
      }
      return method.getReturnType() == void.class ? null : new StateEntries<>(Map.of(), Map.of());
    }
  }

  private static Object reversed(Object result) {
    if (!(result instanceof StateEntries<?> entries)) {
      return result;
    }
    var keys = new ArrayList<>(entries.found().keySet());
    Collections.reverse(keys);
    var found = new LinkedHashMap<String, StateEntry<Object>>();
    for (String key : keys) {
      var entry = entries.found().get(key);
      found.put(key, new StateEntry<>(key, entry.value(), entry.etag(), null));
    }
    return new StateEntries<>(found, entries.failures());
  }

  private Object refusingEmpty(Method method, Object[] arguments) throws Throwable {
    boolean isEmpty = (arguments[0] instanceof Collection<?> list && list.isEmpty())
        || (arguments[0] instanceof Map<?, ?> map && map.isEmpty())
        || (arguments[0] instanceof StateChanges.Writer<?> writer
            && BareChanges.writtenBy(writer).isEmpty());
    if (isEmpty) {
      throw ComponentException.failed("nothing to do", null);
    }
    return pass(method, arguments);
  }

  private static Object[] swallowing(Object[] arguments) {
    if (!(arguments[0] instanceof StateChanges.Writer<?> writer)) {
      return arguments;
    }
    StateChanges.Writer<RuntimeException> swallowing = changes -> {
      try {
        writer.write(changes);
      } catch (Exception e) {
        // The flaw: what was written so far is sent.
      }
    };
    return new Object[] {swallowing};
  }

  private Object unwrapping(Method method, Object[] arguments) throws Throwable {
    try {
      return pass(method, arguments);
    } catch (BulkException e) {
      throw e.failures().size() == 1 ? e.failures().values().iterator().next() : e;
    }
  }

  private Object keeping(Method method, Object[] arguments) throws Throwable {
    switch (method.getName()) {
      case "save" -> keep(arguments[0], arguments[1]);
      case "saveAll" -> ((Map<?, ?>) arguments[0]).forEach(this::keep);
      case "bulk", "transaction" ->
        BareChanges.<Exception>writtenBy(
            changes -> ((StateChanges.Writer<?>) arguments[0]).write(watched(changes)));
      default -> {}
    }
    Object result = pass(method, arguments);
    boolean isKept = method.getName().equals("get") && callersArrays.containsKey(arguments[0]);
    return isKept && !result.equals(Optional.empty())
        ? Optional.of(callersArrays.get(arguments[0]))
        : result;
  }

  private StateChanges watched(StateChanges changes) {
    return proxy(StateChanges.class, (proxy, method, arguments) -> {
      if (method.getName().equals("save")) {
        keep(arguments[0], arguments[1]);
      }
      call(changes, method, arguments);
      return proxy;
    });
  }

  private void keep(Object key, Object value) {
    if (value instanceof byte[] bytes) {
      callersArrays.put((String) key, bytes);
    }
  }
}
