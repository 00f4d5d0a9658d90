// SPDX-License-Identifier: Apache-2.0
package dev.pillion.polyglot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.StringValue;
import io.dapr.client.DaprClientBuilder;
import io.dapr.v1.CommonProtos;
import io.dapr.v1.DaprGrpc;
import io.dapr.v1.DaprInvokeProtos;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.AbstractBlockingStub;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Calls other apps through a facade by what the Dapr SDK for Java has for gRPC: its stub of
 * InvokeService, for its {@code invokeMethod} is HTTP, and {@code newGrpcStub}, which names the app
 * to be proxied to. INVOKE_TARGETS names the apps, as {@link InvocationPeers} says.
 */
final class InvokeProgram {
  private final ManagedChannel channel = NettyChannelBuilder.forAddress(
          "127.0.0.1", Integer.parseInt(System.getenv("DAPR_GRPC_PORT")))
      .usePlaintext()
      .build();
  private int passed;
  private int failed;

  private InvokeProgram() {}

  public static void main(String[] arguments) throws Exception {
    var program = new InvokeProgram();
    program.targets(System.getenv("INVOKE_TARGETS").split(",", -1));
    var shop = System.getenv("INVOKE_SHOP");
    if (shop != null && !shop.isEmpty()) {
      program.proxied(shop);
    }
    program.channel.shutdownNow();
    System.out.println(program.passed + " passed, " + program.failed + " failed");
  }

  private interface Body {
    void run() throws Exception;
  }

  private void check(String name, Body body) {
    try {
      body.run();
      passed++;
    } catch (Exception | AssertionError e) {
      failed++;
      System.out.println("failed: " + name + ": " + e);
    }
  }

  private static void require(boolean holds, @Nullable Object found) {
    if (!holds) {
      throw new AssertionError("found " + found);
    }
  }

  private void targets(String[] targets) {
    for (var target : targets) {
      var id = target.substring(0, target.indexOf(':'));
      check(id + " answers", () -> echo(id));
      switch (target.substring(target.indexOf(':') + 1)) {
        case "http", "java" -> {
          check(
              id + " has no such method", () -> fails(id, "nowhere", Code.NOT_FOUND, "Not Found"));
          check(id + " fails", () -> fails(id, "fail", Code.UNKNOWN, "Internal Server Error"));
        }
        case "absent" ->
          check(
              id + " has no such method", () -> fails(id, "nowhere", Code.NOT_FOUND, "Not Found"));
        case "codes" -> {
          check(
              id + " has no such order", () -> fails(id, "missing", Code.NOT_FOUND, "no order 42"));
          check(id + " fails", () -> fails(id, "fail", Code.UNKNOWN, "no order 42"));
        }
        case "texts" -> check(id + " fails", () -> fails(id, "fail", Code.UNKNOWN, "no order 42"));
        default -> check(id + " fails", () -> fails(id, "fail", null, ""));
      }
    }
    check(
        "nobody answers",
        () -> fails("nobody", "echo", Code.INTERNAL, "failed to invoke, id: nobody, err: no app"));
  }

  private byte[] invoke(String id, String method, String body) {
    return DaprGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .invokeService(DaprInvokeProtos.InvokeServiceRequest.newBuilder()
            .setId(id)
            .setMessage(CommonProtos.InvokeRequest.newBuilder()
                .setMethod(method)
                .setContentType("application/json")
                .setHttpExtension(CommonProtos.HTTPExtension.newBuilder()
                    .setVerb(CommonProtos.HTTPExtension.Verb.POST))
                .setData(Any.newBuilder().setValue(ByteString.copyFromUtf8(body))))
            .build())
        .getData()
        .getValue()
        .toByteArray();
  }

  private void echo(String id) throws Exception {
    var json = new ObjectMapper();
    var sent = json.readTree("{\"n\":1,\"text\":\"grüße\"}");
    var answer = json.readTree(new String(invoke(id, "echo", sent.toString()), UTF_8));
    // One SDK's handlers answer with JSON alone: the body is text to it.
    require(sent.equals(answer.isTextual() ? json.readTree(answer.asText()) : answer), answer);
  }

  private void fails(String id, String method, @Nullable Code code, String text) {
    failing(() -> invoke(id, method, "{}"), code, text);
  }

  private static void failing(Body call, @Nullable Code code, String text) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      require(code == null || e.getStatus().getCode() == code, e);
      require(Objects.requireNonNullElse(e.getStatus().getDescription(), "").contains(text), e);
      return;
    } catch (Exception e) {
      throw new AssertionError("no status", e);
    }
    throw new AssertionError("it did not fail");
  }

  // ---- a service of the callee's own

  /** What a generated stub of shop.proto would be. */
  private static final class Shop extends AbstractBlockingStub<Shop> {
    private static final MethodDescriptor<StringValue, StringValue> GET =
        method("Get", MethodType.UNARY);
    private static final MethodDescriptor<StringValue, StringValue> LIST =
        method("List", MethodType.SERVER_STREAMING);

    Shop(Channel channel, CallOptions options) {
      super(channel, options);
    }

    private static MethodDescriptor<StringValue, StringValue> method(String name, MethodType type) {
      var marshaller = ProtoUtils.marshaller(StringValue.getDefaultInstance());
      return MethodDescriptor.newBuilder(marshaller, marshaller)
          .setFullMethodName("polyglot.v1.Shop/" + name)
          .setType(type)
          .build();
    }

    @Override
    protected Shop build(Channel channel, CallOptions options) {
      return new Shop(channel, options);
    }

    String get(String id) {
      return ClientCalls.blockingUnaryCall(getChannel(), GET, getCallOptions(), StringValue.of(id))
          .getValue();
    }

    List<String> list(String id) {
      var got = new ArrayList<String>();
      ClientCalls.blockingServerStreamingCall(
              getChannel(), LIST, getCallOptions(), StringValue.of(id))
          .forEachRemaining(one -> got.add(one.getValue()));
      return got;
    }
  }

  private void proxied(String id) throws Exception {
    var headers = new Metadata();
    headers.put(Metadata.Key.of("k", Metadata.ASCII_STRING_MARSHALLER), "v");
    try (var client = new DaprClientBuilder().build()) {
      var shop = client.newGrpcStub(
          id,
          over -> new Shop(
              ClientInterceptors.intercept(
                  over, MetadataUtils.newAttachHeadersInterceptor(headers)),
              CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS)));
      check("proxied unary", () -> {
        var answer = shop.get("7");
        require(answer.equals("order 7 k=v"), answer);
      });
      check("proxied error", () -> failing(() -> shop.get("42"), Code.NOT_FOUND, "no order 42"));
      check("proxied server stream", () -> {
        var got = shop.list("7");
        require(got.equals(List.of("7/0", "7/1", "7/2")), got);
      });
      check(
          "proxied broken stream",
          () -> failing(() -> shop.list("broken"), Code.DATA_LOSS, "the rest is lost"));
    }
  }
}
