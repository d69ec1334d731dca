import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteConstants;
import com.almworks.sqlite4java.SQLiteException;
import com.almworks.sqlite4java.SQLiteJob;
import com.almworks.sqlite4java.SQLiteQueue;
import com.almworks.sqlite4java.SQLiteStatement;
import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.AbstractLocalDynamoDBServerHandler;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.shared.access.LocalDBClient;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.SQLiteDBAccess;
import com.amazonaws.services.dynamodbv2.local.shared.access.sqlite.SQLiteLibraryLoader;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * DynamoDB Local on 127.0.0.1 only: its own command line has no host option and listens on all interfaces. And it waits for
 * no disk, where its own would four times for each write: what a killed process has written is there all the same, and a
 * table that a power failure has left damaged is put aside, for it can be made anew.
 */
public class LoopbackServer {
  public static void main(String[] arguments) throws Exception {
    int path = Arrays.asList(arguments).indexOf("-dbPath");
    if (path >= 0) putAsideIfDamaged(new File(arguments[path + 1], "shared-local-instance.db"));
    DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(arguments);
    for (var connector : ((Server) field(DynamoDBProxyServer.class, proxy, "server")).getConnectors())
      ((ServerConnector) connector).setHost("127.0.0.1");
    if (path >= 0) withoutSyncs(proxy);
    proxy.start();
    proxy.join();
  }

  private static void putAsideIfDamaged(File file) throws Exception {
    // Its own copy of the native library, and no other beside it: handles of the one crash the other.
    SQLiteLibraryLoader.initialize();
    if (!file.exists() || isWhole(file)) return;
    File aside = new File(file.getPath() + ".damaged");
    Files.move(file.toPath(), aside.toPath(), StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(new File(file.getPath() + "-journal").toPath());
    System.err.println(file + " is damaged: it is " + aside + " now");
  }

  /** Throws what says nothing of the file's state: one that another process holds is not damaged. */
  private static boolean isWhole(File file) throws SQLiteException {
    SQLiteConnection connection = new SQLiteConnection(file);
    try {
      connection.open(false);
      SQLiteStatement check = connection.prepare("PRAGMA quick_check(1)");
      return check.step() && check.columnString(0).equals("ok");
    } catch (SQLiteException error) {
      int code = error.getErrorCode() & 0xff;
      if (code == SQLiteConstants.SQLITE_CORRUPT || code == SQLiteConstants.SQLITE_NOTADB) return false;
      throw error;
    } finally {
      connection.dispose();
    }
  }

  /** SQLite keeps neither setting in the file. A journal that is deleted each time costs as much again. */
  private static void withoutSyncs(DynamoDBProxyServer proxy) throws Exception {
    Object handler = field(DynamoDBProxyServer.class, proxy, "serverHandler");
    Object requests = field(AbstractLocalDynamoDBServerHandler.class, handler, "primaryHandler");
    var open = LocalDynamoDBRequestHandler.class.getDeclaredMethod("getHandler", String.class);
    open.setAccessible(true);
    Object tables = field(LocalDBClient.class, open.invoke(requests, "local"), "dbAccess");
    SQLiteQueue queue = (SQLiteQueue) field(SQLiteDBAccess.class, tables, "queue");
    var settings = new SQLiteJob<Void>() {
      @Override
      protected Void job(SQLiteConnection connection) throws SQLiteException {
        connection.exec("PRAGMA synchronous=OFF");
        connection.exec("PRAGMA journal_mode=PERSIST");
        return null;
      }
    };
    queue.execute(settings).complete();
    if (settings.getError() != null) throw new IllegalStateException(settings.getError());
  }

  private static Object field(Class<?> of, Object object, String name) throws ReflectiveOperationException {
    var field = of.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(object);
  }
}
