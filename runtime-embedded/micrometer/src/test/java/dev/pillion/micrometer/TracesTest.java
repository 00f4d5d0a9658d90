// SPDX-License-Identifier: Apache-2.0
package dev.pillion.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.TypeRef;
import dev.pillion.call.Call;
import dev.pillion.call.CallContext;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.pubsub.CloudEvent;
import dev.pillion.pubsub.Delivery;
import dev.pillion.pubsub.DeliveryResult;
import dev.pillion.pubsub.SubscribeOptions;
import dev.pillion.runtime.EmbeddedRuntime;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** With a real tracer, as an application would have it. */
class TracesTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PEER = "b7ad6b7169203331";

  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final SdkTracerProvider provider = SdkTracerProvider.builder()
      .addSpanProcessor(SimpleSpanProcessor.create(spans))
      .build();
  private EmbeddedRuntime runtime;

  @BeforeEach
  void start() {
    var otel = provider.get("test");
    var tracer = new OtelTracer(otel, new OtelCurrentTraceContext(), event -> {});
    var propagator = new OtelPropagator(
        ContextPropagators.create(W3CTraceContextPropagator.getInstance()), otel);
    var registry = ObservationRegistry.create();
    registry
        .observationConfig()
        .observationHandler(
            new io.micrometer.observation.ObservationHandler
                .FirstMatchingCompositeObservationHandler(
                new PropagatingReceiverTracingObservationHandler<>(tracer, propagator),
                new PropagatingSenderTracingObservationHandler<>(tracer, propagator),
                new DefaultTracingObservationHandler(tracer)));
    runtime = EmbeddedRuntime.builder("checkout")
        .with(Observations.to(registry))
        .component(ComponentSpec.of("orders", "state.in-memory", Map.of()))
        .component(ComponentSpec.of("bus", "pubsub.in-memory", Map.of()))
        .start();
  }

  @AfterEach
  void stop() {
    runtime.close();
    provider.close();
  }

  private static Call inbound(Map<String, String> headers) {
    return Call.inbound(
        "invocation", "reserve", "invoke", false, CallContext.of(Deadline.none(), headers));
  }

  private static Map<String, String> traceparent(String trace, String span) {
    return Map.of("traceparent", "00-" + trace + "-" + span + "-01", "x-tenant", "blue");
  }

  private SpanData span(String name) {
    return spans.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void anInboundCallGoesOnWithThePeersTraceAndWhatItCallsIsItsChild() {
    runtime.calls().run(inbound(traceparent(TRACE, PEER)), call -> {
      runtime.state("orders").save("42", "order");
      return true;
    });

    var received = span("invoke reserve");
    assertThat(received.getTraceId()).isEqualTo(TRACE);
    assertThat(received.getParentSpanId()).isEqualTo(PEER);
    assertThat(received.getKind()).isEqualTo(SpanKind.SERVER);
    var saved = span("save orders");
    assertThat(saved.getTraceId()).isEqualTo(TRACE);
    assertThat(saved.getParentSpanId()).isEqualTo(received.getSpanId());
    assertThat(saved.getKind()).isEqualTo(SpanKind.CLIENT);
  }

  @Test
  void anInboundCallOfTheSameProcessIsAChildOfItsCaller() {
    runtime.calls().run(Call.outbound("actors", "Cart", "invoke", false), outer -> runtime
        .calls()
        .run(Call.inbound("actors", "Cart", "turn", false, CallContext.EMPTY), inner -> true));

    var caller = span("invoke Cart");
    var turn = span("turn Cart");
    assertThat(turn.getTraceId()).isEqualTo(caller.getTraceId());
    assertThat(turn.getParentSpanId()).isEqualTo(caller.getSpanId());
  }

  @Test
  void anOutboundCallHandsItsOwnSpanOnAndKeepsTheOtherHeaders() {
    var sent = runtime.calls().run(inbound(traceparent(TRACE, PEER)), received -> runtime
        .calls()
        .run(
            Call.outbound("invocation", "inventory", "stock", true).with(received.context()),
            call -> call.context().headers()));

    assertThat(sent)
        .containsEntry("x-tenant", "blue")
        .containsEntry(
            "traceparent", "00-" + TRACE + "-" + span("stock inventory").getSpanId() + "-01");
  }

  /** From a peer's call through the broker to what the handler does. */
  @Test
  void anEventGoesOnWithTheTraceOfWhoPublishedIt() throws Exception {
    var delivered = new LinkedBlockingQueue<Delivery>();
    var envelopes = new LinkedBlockingQueue<CloudEvent<String>>();
    try (var handler = runtime.subscribe(
        "bus", "paid", TypeRef.of(String.class), SubscribeOptions.defaults(), (event, delivery) -> {
          runtime.state("orders").save("42", event.requireData());
          envelopes.add(event);
          delivered.add(delivery);
          return DeliveryResult.SUCCESS;
        })) {
      runtime.calls().run(inbound(traceparent(TRACE, PEER)), call -> {
        runtime.topic("bus", "paid").publish("order");
        return true;
      });
      var event = Objects.requireNonNull(envelopes.poll(20, TimeUnit.SECONDS));
      var delivery = Objects.requireNonNull(delivered.poll(20, TimeUnit.SECONDS));
      handler.close();

      var published = span("publish bus/paid");
      assertThat(published.getTraceId()).isEqualTo(TRACE);
      assertThat(published.getParentSpanId()).isEqualTo(span("invoke reserve").getSpanId());
      assertThat(event.attribute("traceparent"))
          .isEqualTo("00-" + TRACE + "-" + published.getSpanId() + "-01");
      var consumed = span("deliver bus/paid");
      assertThat(consumed.getTraceId()).isEqualTo(TRACE);
      assertThat(consumed.getParentSpanId()).isEqualTo(published.getSpanId());
      assertThat(delivery.traceHeaders())
          .containsEntry("traceparent", event.attribute("traceparent"));
      assertThat(span("save orders").getParentSpanId()).isEqualTo(consumed.getSpanId());
    }
  }

  @Test
  void messagesAreProducedAndConsumed() {
    runtime.calls().run(Call.outbound("pubsub", "pubsub/paid", "publish", true), call -> true);
    runtime
        .calls()
        .run(
            Call.inbound("pubsub", "pubsub/paid", "deliver", true, CallContext.EMPTY),
            call -> true);

    assertThat(span("publish pubsub/paid").getKind()).isEqualTo(SpanKind.PRODUCER);
    assertThat(span("deliver pubsub/paid").getKind()).isEqualTo(SpanKind.CONSUMER);
  }

  @Test
  void aFailedCallIsAFailedSpanAndTheNextCallHasNoParentLeft() {
    assertThatThrownBy(() -> runtime.calls().run(inbound(Map.of()), call -> {
          throw new IllegalStateException("no stock");
        }))
        .hasMessage("no stock");
    runtime.state("orders").save("42", "order");

    assertThat(span("invoke reserve").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(span("save orders").getParentSpanContext().isValid()).isFalse();
  }

  @Test
  void tracesOfManyThreadsDoNotMix() throws Exception {
    var threads = Executors.newFixedThreadPool(8);
    try {
      var tasks = new ArrayList<Callable<Boolean>>();
      for (int i = 1; i <= 200; i++) {
        var trace = "%032x".formatted(i);
        tasks.add(() -> runtime.calls().run(inbound(traceparent(trace, PEER)), call -> {
          runtime.state("orders").get(trace, String.class);
          return true;
        }));
      }
      for (var done : threads.invokeAll(tasks)) {
        assertThat(done.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }

    List<SpanData> finished = spans.getFinishedSpanItems();
    assertThat(finished).hasSize(400);
    for (var got :
        finished.stream().filter(span -> span.getName().equals("get orders")).toList()) {
      assertThat(finished)
          .filteredOn(span -> span.getSpanId().equals(got.getParentSpanId()))
          .singleElement()
          .satisfies(parent -> assertThat(parent.getTraceId()).isEqualTo(got.getTraceId()));
    }
  }
}
