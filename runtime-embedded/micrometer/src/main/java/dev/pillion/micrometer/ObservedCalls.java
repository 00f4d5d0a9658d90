// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import dev.pillion.call.Call;
import dev.pillion.call.CallBody;
import dev.pillion.call.CallInterceptor;
import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.Propagator;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One observation around each call. */
final class ObservedCalls implements CallInterceptor {
  /** Micrometer names the timer as the observation is named, and adds nothing. */
  static final String NAME = "pillion.call.duration";

  private static final KeyValue INBOUND = KeyValue.of("direction", "inbound");
  private static final KeyValue OUTBOUND = KeyValue.of("direction", "outbound");

  // Headers are in lower case here, a propagator's fields may not be.
  private static final Propagator.Getter<Map<String, String>> GETTER =
      (headers, name) -> headers.get(name.toLowerCase(Locale.ROOT));
  private static final Propagator.Setter<Map<String, String>> SETTER = (headers, name, value) -> {
    if (headers != null) {
      headers.put(name.toLowerCase(Locale.ROOT), value);
    }
  };

  private final ObservationRegistry registry;
  private final TagValues blocks = new TagValues("block");
  private final TagValues targets = new TagValues("target");
  private final TagValues operations = new TagValues("operation");

  ObservedCalls(ObservationRegistry registry) {
    this.registry = registry;
  }

  @Override
  public <T extends @Nullable Object, E extends Exception> T around(Call call, CallBody<T, E> next)
      throws E {
    if (registry.isNoop()) {
      return next.run(call);
    }
    return call.direction() == Call.Direction.INBOUND ? received(call, next) : sent(call, next);
  }

  private <T extends @Nullable Object, E extends Exception> T received(
      Call call, CallBody<T, E> next) throws E {
    var context = new ReceiverContext<Map<String, String>>(
        GETTER, isMessage(call) ? Kind.CONSUMER : Kind.SERVER);
    context.setCarrier(call.context().headers());
    return observation(call, INBOUND, context).observeChecked(() -> next.run(call));
  }

  private <T extends @Nullable Object, E extends Exception> T sent(Call call, CallBody<T, E> next)
      throws E {
    // Filled when the observation starts, and only where the application traces.
    var added = new HashMap<String, String>();
    var context = new SenderContext<Map<String, String>>(
        SETTER, isMessage(call) ? Kind.PRODUCER : Kind.CLIENT);
    context.setCarrier(added);
    return observation(call, OUTBOUND, context)
        .observeChecked(() -> next.run(added.isEmpty() ? call : withHeaders(call, added)));
  }

  private Observation observation(Call call, KeyValue direction, Observation.Context context) {
    var target = targets.of(call.target());
    var operation = operations.of(call.operation());
    context.setContextualName(operation.getValue() + " " + target.getValue());
    context.addLowCardinalityKeyValue(blocks.of(call.block()));
    context.addLowCardinalityKeyValue(direction);
    context.addLowCardinalityKeyValue(target);
    context.addLowCardinalityKeyValue(operation);
    return Observation.createNotStarted(NAME, () -> context, registry);
  }

  private static Call withHeaders(Call call, Map<String, String> added) {
    var headers = new HashMap<>(call.context().headers());
    headers.putAll(added);
    return call.with(call.context().with(headers));
  }

  /** Whether nobody waits for an answer. */
  private static boolean isMessage(Call call) {
    return call.block().equals("pubsub") || call.block().equals("bindings");
  }
}
