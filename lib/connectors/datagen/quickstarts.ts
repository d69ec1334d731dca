/** The built-in schemas, by the names that `quickstart` takes, each with the field that is the key unless set otherwise. */
export interface Quickstart {
  readonly key: string
  /** The Avro schema; loaded only when it is used. */
  load(): Promise<{ readonly default: unknown }>
}

export const QUICKSTARTS: Readonly<Record<string, Quickstart>> = {
  pageviews: { key: 'viewtime', load: () => import('./quickstarts/pageviews.json', { with: { type: 'json' } }) },
  users: { key: 'userid', load: () => import('./quickstarts/users.json', { with: { type: 'json' } }) },
  orders: { key: 'orderid', load: () => import('./quickstarts/orders.json', { with: { type: 'json' } }) },
  stock_trades: { key: 'symbol', load: () => import('./quickstarts/stock_trades.json', { with: { type: 'json' } }) },
  clickstream: { key: 'ip', load: () => import('./quickstarts/clickstream.json', { with: { type: 'json' } }) },
  campaign_finance: {
    key: 'candidate_id',
    load: () => import('./quickstarts/campaign_finance.json', { with: { type: 'json' } }),
  },
  clickstream_codes: {
    key: 'code',
    load: () => import('./quickstarts/clickstream_codes.json', { with: { type: 'json' } }),
  },
  clickstream_users: {
    key: 'user_id',
    load: () => import('./quickstarts/clickstream_users.json', { with: { type: 'json' } }),
  },
  credit_cards: { key: 'card_id', load: () => import('./quickstarts/credit_cards.json', { with: { type: 'json' } }) },
  device_information: {
    key: 'device_ip',
    load: () => import('./quickstarts/device_information.json', { with: { type: 'json' } }),
  },
  fleet_mgmt_description: {
    key: 'vehicle_id',
    load: () => import('./quickstarts/fleet_mgmt_description.json', { with: { type: 'json' } }),
  },
  fleet_mgmt_location: {
    key: 'vehicle_id',
    load: () => import('./quickstarts/fleet_mgmt_location.json', { with: { type: 'json' } }),
  },
  fleet_mgmt_sensors: {
    key: 'vehicle_id',
    load: () => import('./quickstarts/fleet_mgmt_sensors.json', { with: { type: 'json' } }),
  },
  gaming_games: { key: 'id', load: () => import('./quickstarts/gaming_games.json', { with: { type: 'json' } }) },
  gaming_player_activity: {
    key: 'player_id',
    load: () => import('./quickstarts/gaming_player_activity.json', { with: { type: 'json' } }),
  },
  gaming_players: {
    key: 'player_id',
    load: () => import('./quickstarts/gaming_players.json', { with: { type: 'json' } }),
  },
  insurance_customer_activity: {
    key: 'activity_id',
    load: () => import('./quickstarts/insurance_customer_activity.json', { with: { type: 'json' } }),
  },
  insurance_customers: {
    key: 'customer_id',
    load: () => import('./quickstarts/insurance_customers.json', { with: { type: 'json' } }),
  },
  insurance_offers: {
    key: 'offer_id',
    load: () => import('./quickstarts/insurance_offers.json', { with: { type: 'json' } }),
  },
  inventory: { key: 'id', load: () => import('./quickstarts/inventory.json', { with: { type: 'json' } }) },
  payroll_bonus: {
    key: 'employee_id',
    load: () => import('./quickstarts/payroll_bonus.json', { with: { type: 'json' } }),
  },
  payroll_employee: {
    key: 'employee_id',
    load: () => import('./quickstarts/payroll_employee.json', { with: { type: 'json' } }),
  },
  payroll_employee_location: {
    key: 'employee_id',
    load: () => import('./quickstarts/payroll_employee_location.json', { with: { type: 'json' } }),
  },
  pizza_orders: { key: 'store_id', load: () => import('./quickstarts/pizza_orders.json', { with: { type: 'json' } }) },
  pizza_orders_cancelled: {
    key: 'store_id',
    load: () => import('./quickstarts/pizza_orders_cancelled.json', { with: { type: 'json' } }),
  },
  pizza_orders_completed: {
    key: 'store_id',
    load: () => import('./quickstarts/pizza_orders_completed.json', { with: { type: 'json' } }),
  },
  product: { key: 'id', load: () => import('./quickstarts/product.json', { with: { type: 'json' } }) },
  purchases: { key: 'id', load: () => import('./quickstarts/purchases.json', { with: { type: 'json' } }) },
  ratings: { key: 'rating_id', load: () => import('./quickstarts/ratings.json', { with: { type: 'json' } }) },
  shoe_clickstream: {
    key: 'product_id',
    load: () => import('./quickstarts/shoe_clickstream.json', { with: { type: 'json' } }),
  },
  shoe_customers: { key: 'id', load: () => import('./quickstarts/shoe_customers.json', { with: { type: 'json' } }) },
  shoe_orders: { key: 'order_id', load: () => import('./quickstarts/shoe_orders.json', { with: { type: 'json' } }) },
  shoes: { key: 'id', load: () => import('./quickstarts/shoes.json', { with: { type: 'json' } }) },
  siem_logs: { key: 'hostname', load: () => import('./quickstarts/siem_logs.json', { with: { type: 'json' } }) },
  stores: { key: 'store_id', load: () => import('./quickstarts/stores.json', { with: { type: 'json' } }) },
  syslog_logs: { key: 'host', load: () => import('./quickstarts/syslog_logs.json', { with: { type: 'json' } }) },
  transactions: {
    key: 'transaction_id',
    load: () => import('./quickstarts/transactions.json', { with: { type: 'json' } }),
  },
  users_: { key: 'userid', load: () => import('./quickstarts/users_array_map.json', { with: { type: 'json' } }) },
  users_array_map: {
    key: 'userid',
    load: () => import('./quickstarts/users_array_map.json', { with: { type: 'json' } }),
  },
}
